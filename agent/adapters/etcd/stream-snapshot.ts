import { type ServiceError, status, type StatusObject } from '@grpc/grpc-js';

import { etcdInterface } from '../../../shared/wire/etcd-interface.ts';
import type { SnapshotPart } from '../../ports/etcd.ts';
import { GrpcRefusal } from '../call-grpc.ts';
import type { EtcdClients } from './open-etcd.ts';
import { readSnapshotPart } from './read-snapshot-part.ts';

/** As long as it lasts the member can free no page of its database: 8 GiB at 1.2 MB/s. */
const SNAPSHOT_MAX_MS = 2 * 60 * 60_000;
/** Without one more part, while we wait for it. */
const SILENCE_MAX_MS = 60_000;

/**
 * To the end of the stream, whatever is said to remain; no faster than `take` resolves.
 *
 * @throws GrpcRefusal, and what `take` throws.
 */
export async function streamSnapshot(maintenance: EtcdClients['maintenance'], take: (part: SnapshotPart) => Promise<void>, signal: AbortSignal): Promise<void> {
  const { path, requestSerialize } = etcdInterface().Maintenance.service.Snapshot;
  const stream = maintenance.makeServerStreamRequest(path, requestSerialize, readSnapshotPart, {}, { deadline: Date.now() + SNAPSHOT_MAX_MS });
  const ended = new Promise<StatusObject>((resolve) => stream.once('status', resolve));
  const failures = new Set<unknown>();
  stream.on('error', (error) => failures.add(error));
  const cancel = (): void => stream.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  let isTaking = false;
  let isSilent = false;
  const silence = setTimeout(() => {
    isSilent = !isTaking;
    if (isSilent) cancel();
  }, SILENCE_MAX_MS);
  try {
    for await (const part of stream as AsyncIterable<SnapshotPart>) {
      isTaking = true;
      await take(part);
      isTaking = false;
      silence.refresh();
    }
    // gRPC ends the stream in good order before it says what went wrong.
    const { code, details } = await ended;
    if (code !== status.OK) throw new GrpcRefusal({ code, details });
  } catch (error) {
    if (isSilent) throw new GrpcRefusal({ code: status.DEADLINE_EXCEEDED, details: `nothing more came for ${SILENCE_MAX_MS / 1000} s` });
    throw failures.has(error) ? new GrpcRefusal(error as ServiceError) : error;
  } finally {
    clearTimeout(silence);
    signal.removeEventListener('abort', cancel);
    cancel();
  }
}
