import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { Failure } from '../../shared/trust/failure.ts';
import { failure } from '../../shared/trust/failure.ts';
import type { LocalDatastore } from './local-datastore.ts';
import { claimScratch, ProcessesLeft } from './prove/scratch.ts';
import { DATABASE_ENTRY } from './sqlite/archive-entries.ts';
import type { KineFailure } from './sqlite/kine-database.ts';
import { takeSqliteSnapshot, type TakenSqliteSnapshot } from './sqlite/take-sqlite-snapshot.ts';
import { type FolderCode, refuseWithoutRoom, takeIntoFolder } from './take-into-folder.ts';
import type { SnapshotOrder, TakenFacts, TakePlace } from './snapshot-order.ts';

/** `scratch-failed`: something still runs there. */
export type TakeSqliteCode = FolderCode | KineFailure['code'] | 'no-database' | 'no-token' | 'scratch-failed';

type Sqlite = Extract<LocalDatastore, { kind: 'sqlite' }>;

/** K3s' database with what belongs to it, while K3s runs. */
export async function takeOfSqlite(datastore: Sqlite, place: TakePlace, order: SnapshotOrder, signal: AbortSignal): Promise<{ readonly ok: true; readonly facts: TakenFacts } | Failure<TakeSqliteCode>> {
  const taken = await takeIntoFolder(place.folder, async () => await takeAlone(datastore, place, order, signal), signal);
  if (!taken.ok) return taken;
  const { facts, takenUnixMs, written } = taken;
  return { ok: true, facts: { clusterId: null, member: { id: null, name: order.node }, ...facts, version: datastore.version, takenUnixMs, look: null, ...written } };
}

async function takeAlone({ server, version }: Sqlite, { folder, name, openSink }: TakePlace, { scratch: { scratchFolder, programs }, clock, onProgress }: SnapshotOrder, signal: AbortSignal): Promise<TakenSqliteSnapshot | Failure<FolderCode | 'scratch-failed'>> {
  const scratch = await claimScratch(scratchFolder, programs).catch((error: unknown) => {
    if (error instanceof ProcessesLeft) return failure('scratch-failed', `${error.message}; end them, and take it again`);
    throw error;
  });
  if (scratch !== null && 'code' in scratch) return scratch;
  if (scratch === null) return failure('snapshot-running', `a proof runs in ${scratchFolder}; try again when it is done`);
  try {
    const sizeBytes = await sizeOf(join(server, '..', DATABASE_ENTRY));
    const refused = (await refuseWithoutRoom(scratch.folder, sizeBytes)) ?? (await refuseWithoutRoom(folder, sizeBytes));
    if (refused !== null) return refused;
    onProgress({ doing: 'take', takenBytes: 0, remainingBytes: sizeBytes });
    return await takeSqliteSnapshot({ folder: server, version, scratchFolder: scratch.folder }, await openSink(join(folder, name), signal), clock, signal);
  } finally {
    await scratch.remove();
  }
}

/** With what K3s has not yet moved from its log into it; 0 where it is not there, which the copying says. */
async function sizeOf(database: string): Promise<number> {
  const sizes = await Promise.all([database, `${database}-wal`].map((path) => stat(path).then(({ size }) => size, () => 0)));
  return sizes.reduce((sum, size) => sum + size, 0);
}
