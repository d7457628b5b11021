import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { StoreError } from '../ports/store-error.ts';
import { fullStore, isBusy, sqliteStoreError } from './sqlite-store-error.ts';

export interface FolderLock {
  release(): void;
}

/**
 * Holds a data folder for the life of this process. Node offers no file locks, SQLite does: an open exclusive transaction
 * on an empty database of its own is a kernel lock that ends with the process, however it ends. It is not on the store
 * itself, so that a backup can read that while the coordinator runs.
 *
 * Never open the lock file with node:fs here: closing it would drop the lock (POSIX advisory locks, fcntl(2)).
 */
export function lockDataFolder(dataFolder: string): FolderLock {
  const path = join(dataFolder, 'store.lock');
  const lock = new DatabaseSync(path, { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    throw isBusy(error) ? lockedFolder(dataFolder) : sqliteStoreError(error, path);
  }
  try {
    const pidFile = pidPath(dataFolder);
    writeFileSync(`${pidFile}.new`, `${process.pid}\n`);
    renameSync(`${pidFile}.new`, pidFile);
  } catch (error) {
    lock.close();
    throw (error as NodeJS.ErrnoException).code === 'ENOSPC' ? fullStore(path, error) : error;
  }
  return { release: () => lock.close() };
}

function lockedFolder(dataFolder: string): StoreError {
  const pid = holderPid(dataFolder);
  const holder = pid === null ? 'another process' : `the coordinator with pid ${pid}`;
  const remedy = `stop ${pid === null ? 'it (fuser -v on store.lock in that folder shows its pid)' : `pid ${pid}`}, or give this one a data folder of its own`;
  return new StoreError('store-locked', `${holder} is running on the data folder ${dataFolder}; nothing was changed`, remedy);
}

function holderPid(dataFolder: string): number | null {
  try {
    const pid = Number(readFileSync(pidPath(dataFolder), 'utf8'));
    return Number.isInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null; // It took the lock a moment ago and has not written its number yet.
  }
}

function pidPath(dataFolder: string): string {
  return join(dataFolder, 'store.pid');
}
