import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { ComparedFact, SnapshotRecord } from '../../../shared/domain/snapshot.ts';
import { type Failure, failure } from '../../../shared/trust/failure.ts';
import { openSnapshot } from '../open-snapshot.ts';
import type { Identity } from '../../../shared/age/age-keys.ts';
import type { UnsealFailure } from '../sealed/unseal.ts';
import { checkKine, type KineFailure } from './kine-database.ts';
import { ArchiveError, archiveReader, type ReadArchive } from './read-archive.ts';

export type SqliteCheck =
  | { readonly ok: true; readonly compared: readonly ComparedFact[] }
  | UnsealFailure
  | KineFailure
  | Failure<'broken-archive' | 'other-revision' | 'other-keys' | 'no-token'>;

/**
 * Whether a copy of a snapshot can be restored: it is the one that was recorded, its archive is whole, SQLite finds nothing wrong
 * in any page of the database, which has the revision and the keys that were recorded, and the token is there.
 * @param scratchFolder for root alone, with room for the plain database. @throws what the disk or the signal says.
 */
export async function checkSqliteSnapshot(copy: AsyncIterable<Uint8Array>, record: SnapshotRecord, identities: readonly Identity[], scratchFolder: string, signal: AbortSignal): Promise<SqliteCheck> {
  const scratch = await mkdtemp(join(scratchFolder, 'check-'));
  try {
    const databasePath = join(scratch, 'state.db');
    const archive = await archiveOf(copy, record, identities, databasePath, signal);
    if ('ok' in archive) return archive;
    const database = checkKine(databasePath);
    if (!database.ok) return database;
    const { revision, liveKeys } = database.facts;
    if (revision !== record.revision || revision !== archive.manifest.revision) return failure('other-revision', `its database is of revision ${revision}, and ${record.revision} was recorded`);
    if (liveKeys !== record.liveKeys || liveKeys !== archive.manifest.liveKeys) return failure('other-keys', `its database has ${liveKeys} keys, and ${record.liveKeys ?? 'none'} were recorded`);
    if (archive.token.length === 0) return failure('no-token', 'it has no token, without which nobody can use the database');
    return { ok: true, compared: ['digest', 'structure', 'revision', 'live-keys', 'token'] };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function archiveOf(copy: AsyncIterable<Uint8Array>, record: SnapshotRecord, identities: readonly Identity[], databasePath: string, signal: AbortSignal): Promise<ReadArchive | Extract<SqliteCheck, { readonly ok: false }>> {
  const reader = await archiveReader(databasePath);
  try {
    const opened = await openSnapshot(copy, record, identities, reader, signal);
    return opened.ok ? await reader.end() : opened;
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    return failure('broken-archive', `its archive cannot be read, ${error.message}: it was broken before it was sealed`);
  } finally {
    await reader.discard();
  }
}
