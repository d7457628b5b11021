import { closeSync, fsyncSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { StoreError } from '../ports/store-error.ts';
import { corruptStore, sqliteStoreError } from './sqlite-store-error.ts';

export const STORE_FORMAT = 1;
/** `FARR` in ASCII: tells our database from any other. */
const APPLICATION_ID = 0x46415252;
const BUSY_WAIT_MS = 5000;

/**
 * `revision` counts over all records, so that a record that was deleted and made again never gets an old revision back.
 * A lease keeps when it was granted on the monotonic clock: after a reboot that lies in the future, and the lease is over.
 */
const SCHEMA = `
  CREATE TABLE streams (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, last_sequence INTEGER NOT NULL) STRICT;
  CREATE TABLE events (stream_id INTEGER NOT NULL, sequence INTEGER NOT NULL, event TEXT NOT NULL, PRIMARY KEY (stream_id, sequence)) STRICT, WITHOUT ROWID;
  CREATE TABLE records (key TEXT PRIMARY KEY, value TEXT NOT NULL, revision INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE revisions (last_revision INTEGER NOT NULL) STRICT;
  CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, granted_monotonic_ms REAL NOT NULL, ttl_ms REAL NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO revisions VALUES (0);
`;

export function storePath(dataFolder: string): string {
  return join(dataFolder, 'store.db');
}

/** Opens, or makes, the database of a folder that this process has locked. Every page is checked first. */
export function openStoreFile(path: string): DatabaseSync {
  closeSync(openSync(path, 'a', 0o600)); // SQLite would make it readable for everybody; -wal and -shm take after it.
  const database = new DatabaseSync(path, { timeout: BUSY_WAIT_MS });
  try {
    checkStoreFile(database, path);
    const mode = database.prepare('PRAGMA journal_mode = WAL').get()?.['journal_mode'];
    if (mode !== 'wal') throw new Error(`${path}: SQLite gives journal mode ${String(mode)} where WAL was asked for`);
    database.exec('PRAGMA synchronous = FULL');
    if (pragma(database, 'user_version') === 0) createSchema(database, path);
    return database;
  } catch (error) {
    database.close();
    throw sqliteStoreError(error, path);
  }
}

/** Throws unless the database is empty or a whole store of a format that this version reads. Changes nothing. */
export function checkStoreFile(database: DatabaseSync, path: string): void {
  const format = pragma(database, 'user_version');
  const tables = database.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.['count'];
  if (pragma(database, 'application_id') !== APPLICATION_ID && (format !== 0 || tables !== 0)) {
    throw new StoreError('store-foreign', `${path} is a database, but not a store of Farrier's`, 'give the coordinator another data folder');
  }
  if (format > STORE_FORMAT) {
    const remedy = 'start that newer version again, or restore a backup that this version made';
    throw new StoreError('store-newer-format', `${path} has format ${format}, this version reads up to ${STORE_FORMAT}: a newer Farrier has written it`, remedy);
  }
  const verdict = database.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (verdict !== 'ok') throw corruptStore(path, String(verdict));
}

function createSchema(database: DatabaseSync, path: string): void {
  database.exec(`BEGIN IMMEDIATE; ${SCHEMA} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${STORE_FORMAT}; COMMIT;`);
  const folder = openSync(dirname(path), 'r');
  fsyncSync(folder); // The file's name must outlive a power cut as well as its content.
  closeSync(folder);
}

function pragma(database: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}
