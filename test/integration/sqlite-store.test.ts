import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openSqliteStore } from '../../coordinator/adapters/sqlite-store.ts';
import { manualClock } from '../support/manual-clock.ts';
import { describeEventStore } from './event-store-contract.ts';

describeEventStore('SQLite', 'one', async () => {
  const clock = manualClock();
  const dataFolder = await mkdtemp(join(tmpdir(), 'farrier-store-'));
  return {
    open: () => openSqliteStore({ dataFolder, clock }),
    openAnother: () => openSqliteStore({ dataFolder, clock }),
    pass: async (ms) => clock.advance(ms),
    leaseTtlMs: 10_000,
    dispose: () => rm(dataFolder, { recursive: true }),
  };
});
