import { mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import type { Clock } from '../../shared/ports/clock.ts';
import type { EventStore } from '../ports/event-store.ts';
import { copyStore } from '../runtime/copy-store.ts';
import type { CopiedStore } from '../runtime/copy-store.ts';
import { storePath } from './sqlite-store-file.ts';
import { openSqliteStore } from './sqlite-store.ts';

/** Any store as something to back up: a copy of it in one SQLite file, as the embedded store would be. */
export function storeAsFile(store: EventStore, clock: Clock): { copyTo(path: string): Promise<void> } {
  return {
    async copyTo(path) {
      const folder = await mkdtemp(join(dirname(path), '.copy-'));
      try {
        const file = await openSqliteStore({ dataFolder: folder, clock });
        try {
          await copyStore(store, file);
        } finally {
          await file.close();
        }
        await rename(storePath(folder), path);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

/** Puts the store that a restore left in a data folder into another, empty one: from one file to NATS. */
export async function loadStoreFile(dataFolder: string, into: EventStore, clock: Clock): Promise<CopiedStore> {
  const file = await openSqliteStore({ dataFolder, clock });
  try {
    return await copyStore(file, into);
  } finally {
    await file.close();
  }
}
