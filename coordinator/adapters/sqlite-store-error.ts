import { StoreError } from '../ports/store-error.ts';

/** Primary result codes of sqlite.org/rescode.html. */
const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_NOTADB = 26;

/** What node:sqlite threw, in our words. Anything that is not SQLite's own is a bug and comes back as it is. */
export function sqliteStoreError(error: unknown, path: string): unknown {
  const code = sqliteCode(error);
  if (code === null) return error;
  const why = error instanceof Error ? error.message : String(error);
  if (code === SQLITE_CORRUPT || code === SQLITE_NOTADB) return corruptStore(path, why, error);
  if (code === SQLITE_FULL) return fullStore(path, error);
  if (code === SQLITE_BUSY) {
    return new StoreError('store-failed', `${path} is locked by another program`, 'close whatever has the database open (sqlite3, a copy program)', { retryable: true, cause: error });
  }
  return new StoreError('store-failed', `writing or reading ${path} failed: ${why}`, 'look at the disk (dmesg, smartctl), then restart the coordinator: it reads back what is really stored', { cause: error });
}

export function fullStore(path: string, cause: unknown): StoreError {
  return new StoreError('store-full', `no room left to write ${path}; nothing of this write was kept`, 'free space on that file system', { retryable: true, cause });
}

export function isBusy(error: unknown): boolean {
  return sqliteCode(error) === SQLITE_BUSY;
}

export function corruptStore(path: string, why: string, cause?: unknown): StoreError {
  const remedy = 'keep the folder for a later look, and restore the last backup into an empty one: farrier-coordinator restore';
  return new StoreError('store-corrupt', `the store ${path} is damaged: ${why}`, remedy, cause === undefined ? {} : { cause });
}

function sqliteCode(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null;
  return error.errcode & 0xff; // Extended codes carry the primary one in the low byte.
}
