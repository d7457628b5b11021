import { existsSync } from 'node:fs';
import { DatabaseSync, backup } from 'node:sqlite';

import { StoreError } from '../ports/store-error.ts';
import { checkStoreFile, storePath } from './sqlite-store-file.ts';
import { sqliteStoreError } from './sqlite-store-error.ts';

const PAGES_PER_STEP = 1000;

/**
 * Writes a consistent copy of a store as one file, whether a coordinator is running on it or not, in this process or
 * another. The copy is checked page by page before this resolves.
 */
export async function copySqliteStore(path: string, to: string): Promise<void> {
  if (!existsSync(path)) throw new StoreError('store-foreign', `there is no store ${path}`, 'name the data folder of a coordinator that has run once');
  let source: DatabaseSync | undefined;
  let copy: DatabaseSync | undefined;
  try {
    source = new DatabaseSync(path, { readOnly: true });
    // An open read transaction holds one state of the store for the whole copy; otherwise each write begins it anew.
    source.exec('BEGIN; SELECT count(*) FROM sqlite_schema');
    await backup(source, to, { rate: PAGES_PER_STEP });
    copy = new DatabaseSync(to);
    copy.exec('PRAGMA journal_mode = DELETE'); // One file, without a -wal beside it.
    checkStoreFile(copy, path);
  } catch (error) {
    throw sqliteStoreError(error, path);
  } finally {
    copy?.close();
    source?.close();
  }
}

/** The store of a data folder as something to copy, for a program that must not open it (backup beside a running coordinator). */
export function sqliteStoreFile(dataFolder: string): { copyTo(path: string): Promise<void> } {
  return { copyTo: (path) => copySqliteStore(storePath(dataFolder), path) };
}
