import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Clock } from '../../../shared/ports/clock.ts';
import { type Failure, failure } from '../../../shared/trust/failure.ts';
import type { SnapshotSink, WrittenSnapshot } from '../snapshot-sink.ts';
import { entriesBeside, TOKEN_ENTRY } from './archive-entries.ts';
import { copyKine } from './copy-kine.ts';
import type { KineFacts, KineFailure } from './kine-database.ts';
import { writeArchive } from './write-archive.ts';

export interface SqliteServer {
  /** K3s' own: /var/lib/rancher/k3s/server. */
  readonly folder: string;
  /** Of K3s. */
  readonly version: string;
  /** For root alone, with room for the database once more: there a plain copy of it lies until the snapshot is written. */
  readonly scratchFolder: string;
}

export type TakenSqliteSnapshot =
  | { readonly ok: true; readonly facts: KineFacts; readonly takenUnixMs: number; readonly written: WrittenSnapshot }
  | KineFailure
  | Failure<'no-database' | 'no-token'>;

/**
 * Takes a snapshot of a K3s server that keeps its datastore in SQLite, while it runs: the database as of one moment, its token,
 * certificates and credentials, as one archive. Ends the sink, one way or the other. The thread is held while the copy is
 * checked, minutes where it is large. @throws what the disk says, or the signal's reason
 */
export async function takeSqliteSnapshot(server: SqliteServer, sink: SnapshotSink, clock: Clock, signal: AbortSignal): Promise<TakenSqliteSnapshot> {
  const scratch = await mkdtemp(join(server.scratchFolder, 'sqlite-')).catch(async (error: unknown) => {
    await sink.discard();
    throw error;
  });
  try {
    const copyPath = join(scratch, 'state.db');
    const copied = await copyKine(join(server.folder, 'db', 'state.db'), copyPath, clock, signal);
    if (!copied.ok) return copied;
    // After the database: a certificate that was renewed in between is no loss, one that the database knows and this does not is.
    const beside = await entriesBeside(server.folder);
    if (!beside.some((entry) => entry.name === TOKEN_ENTRY && entry.type === 'file' && entry.bytes.length > 0)) {
      return failure('no-token', `${server.folder}/token is not there or empty, and without it nobody can use a snapshot: is this the folder of a server?`);
    }
    const { facts, takenUnixMs } = copied;
    await writeArchive({ format: 1, version: server.version, takenUnixMs, ...facts }, beside, copyPath, sink, signal);
    return { ok: true, facts, takenUnixMs, written: await sink.finish() };
  } finally {
    await sink.discard();
    await rm(scratch, { recursive: true, force: true });
  }
}
