import { type ServiceError, status, type StatusObject } from '@grpc/grpc-js';

import { etcdInterface } from '../../../shared/wire/etcd-interface.ts';
import type { SnapshotPart } from '../../ports/etcd.ts';
import { GrpcRefusal } from '../call-grpc.ts';
import type { EtcdClients } from './open-etcd.ts';
import { readSnapshotPart } from './read-snapshot-part.ts';

/** As long as it lasts the member can free no page of its database: 8 GiB at 1.2 MB/s. */
const SNAPSHOT_MAX_MS = 2 * 60 * 60_000;
/** Without one more part, while we are ready to take it. */
const SILENCE_MAX_MS = 60_000;

/** To the end of the stream, whatever is said to remain. @throws GrpcRefusal, the signal's reason, and what `take` throws. */
export async function streamSnapshot(maintenance: EtcdClients['maintenance'], take: (part: SnapshotPart) => Promise<void> | null, signal: AbortSignal): Promise<void> {
  const { path, requestSerialize } = etcdInterface().Maintenance.service.Snapshot;
  const stream = maintenance.makeServerStreamRequest(path, requestSerialize, readSnapshotPart, {}, { deadline: Date.now() + SNAPSHOT_MAX_MS });
  let isHeld = false;
  let stop = (): void => undefined;
  const silence = setTimeout(() => stop(), SILENCE_MAX_MS);
  let abort = (): void => undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      stop = () => {
        if (isHeld) silence.refresh();
        else reject(new GrpcRefusal({ code: status.DEADLINE_EXCEEDED, details: `nothing more came for ${SILENCE_MAX_MS / 1000} s` }));
      };
      abort = () => reject(signal.reason as Error);
      signal.addEventListener('abort', abort, { once: true });
      // Both: the status may come before what was sent is read, and the end before a status that is none.
      let missing = 2;
      const arrived = (): void => {
        missing -= 1;
        if (missing === 0) resolve();
      };
      stream.once('end', arrived);
      stream.once('status', ({ code }: StatusObject) => {
        if (code === status.OK) arrived();
      });
      stream.on('error', (error: ServiceError) => reject(new GrpcRefusal(error)));
      const hold = async (taking: Promise<void>): Promise<void> => {
        isHeld = true;
        stream.pause();
        await taking;
        isHeld = false;
        silence.refresh();
        stream.resume();
      };
      stream.on('data', (part: SnapshotPart) => {
        silence.refresh();
        try {
          const taking = take(part);
          if (taking !== null) hold(taking).catch(reject);
        } catch (error) {
          reject(error);
        }
      });
    });
  } finally {
    clearTimeout(silence);
    signal.removeEventListener('abort', abort);
    stream.cancel();
  }
}
