import type { DatastoreLook } from '../../../shared/domain/snapshot.ts';
import { failure, type Failure } from '../../../shared/trust/failure.ts';
import type { EtcdReads } from '../../ports/etcd.ts';
import { lookAtDatastore } from './look-at-datastore.ts';

export interface RevisionsToSee {
  /** The newest in the file. */
  readonly fileRevision: number;
  /** What the restored member said first. */
  readonly startedRevision: number;
  /** Of the member when the snapshot was taken; null where it was not asked. */
  readonly takenRevision: number | null;
}

export interface RestoredLooks {
  readonly newest: DatastoreLook;
  /** Null where nobody asked then, and where it cannot be read any more, or not yet. */
  readonly asTaken: DatastoreLook | null;
}

/** Looks at fixed revisions: leases go on ending in what was restored, and change what is newest. */
export async function lookAtRestored(member: EtcdReads, { fileRevision, startedRevision, takenRevision }: RevisionsToSee, signal: AbortSignal): Promise<RestoredLooks | Failure<'not-answered'>> {
  // Where the member is behind its own file, its newest is what there is to look at.
  const newest = await lookAtDatastore(member, Math.min(fileRevision, startedRevision), signal);
  if (!newest.ok) return notAnswered(newest);
  if (takenRevision === null) return { newest: newest.value, asTaken: null };
  const asTaken = await lookAtDatastore(member, takenRevision, signal);
  if (asTaken.ok) return { newest: newest.value, asTaken: asTaken.value };
  return asTaken.code === 'compacted' || asTaken.code === 'future-revision' ? { newest: newest.value, asTaken: null } : notAnswered(asTaken);
}

function notAnswered({ message }: Failure<string>): Failure<'not-answered'> {
  return failure('not-answered', `the restored member does not answer: ${message}; look for what else needs this host's memory and disk, and prove it again`);
}
