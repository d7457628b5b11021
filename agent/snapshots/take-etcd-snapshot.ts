import { join } from 'node:path';

import type { Clock } from '../../shared/ports/clock.ts';
import { failure, type Failure } from '../../shared/trust/failure.ts';
import { fullBucket, spend } from '../core/token-bucket.ts';
import type { EtcdCode, EtcdMember, EtcdStatus, SnapshotPart } from '../ports/etcd.ts';
import { openPlainFileSink } from './plain-file-sink.ts';
import type { TakenSnapshot } from './snapshot-file.ts';
import type { SnapshotSink, WrittenSnapshot } from './snapshot-sink.ts';
import { type FolderCode, refuseWithoutRoom, takeIntoFolder } from './take-into-folder.ts';
import { trailedStream } from './trailed-stream.ts';

export interface TakeOrder {
  readonly member: EtcdMember;
  /** Made where it is not there, for root alone. Nothing else may write into it. */
  readonly folder: string;
  /** Of the file in it. What stands there under this name is replaced when the new one is whole. */
  readonly name: string;
  /** As little as the member's disk can bear; null: as fast as it goes. */
  readonly maxBytesPerS: number | null;
  /** Sealed, or as it is unless said otherwise. */
  readonly openSink?: (path: string, signal: AbortSignal) => Promise<SnapshotSink>;
  readonly onProgress?: (progress: TakeProgress) => void;
  readonly clock: Clock;
}

export interface TakeProgress {
  readonly takenBytes: number;
  readonly remainingBytes: number;
}

/** What etcd says, what the folder's disk says, and `snapshot-damaged`: what arrived is not what the member hashed. */
export type TakeCode = EtcdCode | FolderCode | 'snapshot-damaged';

export type Taken = { readonly ok: true; readonly snapshot: TakenSnapshot } | Failure<TakeCode>;

/**
 * Takes a snapshot of one member's datastore: hashed as it comes, held against the sha256 that the member sends, fsynced, and
 * only then given its name. Whatever goes wrong, nothing of it stays and no other snapshot is touched. One at a time per folder.
 *
 * @throws the signal's reason.
 */
export async function takeEtcdSnapshot(order: TakeOrder, signal: AbortSignal): Promise<Taken> {
  return await takeIntoFolder(order.folder, async () => await takeAlone(order, signal), signal);
}

async function takeAlone(order: TakeOrder, signal: AbortSignal): Promise<Taken> {
  const { member, folder, name, clock, openSink = openPlainFileSink } = order;
  const asked = await member.status(signal);
  if (!asked.ok) return asked;
  const refused = await refusal(asked.value, folder);
  if (refused !== null) return refused;
  const takenUnixMs = clock.wallUnixMs();
  const path = join(folder, name);
  const sink = await openSink(path, signal);
  try {
    const written = await stream(sink, order, signal);
    if ('ok' in written) return written;
    const { revision, clusterId, memberId, version } = asked.value;
    return { ok: true, snapshot: { path, ...written, revision, clusterId, memberId, etcdVersion: version, takenUnixMs } };
  } finally {
    await sink.discard();
  }
}

/** Before anything is asked of the member's disk, or of ours. */
async function refusal({ isLearner, dbSizeBytes }: EtcdStatus, folder: string): Promise<Failure<TakeCode> | null> {
  // What it holds may be far behind its cluster; K3s refuses it too.
  if (isLearner) return failure('learner', 'this member is a learner, whose data may be incomplete; take the snapshot from a voting member, or when this one is promoted');
  return await refuseWithoutRoom(folder, dbSizeBytes);
}

/** From the member into the sink, and to the sink's end. */
async function stream(sink: SnapshotSink, { member, maxBytesPerS, clock, onProgress }: TakeOrder, signal: AbortSignal): Promise<WrittenSnapshot | Failure<TakeCode>> {
  const trailed = trailedStream(sink);
  let bucket = fullBucket(maxBytesPerS ?? 0, clock.monotonicMs());
  let takenBytes = 0;
  const take = async ({ blob, remainingBytes }: SnapshotPart): Promise<void> => {
    await trailed.pass(blob);
    takenBytes += blob.length;
    onProgress?.({ takenBytes, remainingBytes });
    if (maxBytesPerS === null) return;
    const spent = spend(bucket, blob.length, maxBytesPerS, clock.monotonicMs());
    bucket = spent.bucket;
    if (spent.waitMs > 0) await clock.sleep(spent.waitMs, signal);
  };
  const streamed = await member.snapshot(take, signal);
  if (!streamed.ok) return streamed;
  const damage = await trailed.end();
  if (damage !== '') return failure('snapshot-damaged', `the snapshot is damaged: ${damage}; take it again, and if it stays so look at the member's disk`);
  return await sink.finish();
}
