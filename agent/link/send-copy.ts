import { status, type ClientWritableStream, type ServiceError } from '@grpc/grpc-js';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';

import type { Digest } from '../../shared/domain/ids.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { failure, type Failure } from '../../shared/trust/failure.ts';
import type { FindCopyResponse__Output, SendCopyRequest, SnapshotCopiesClient } from '../../shared/wire/messages.ts';

export interface CopyOrder {
  readonly path: string;
  readonly sha256: Digest;
  readonly sizeBytes: number;
  readonly clock: Clock;
  readonly onProgress: (sentBytes: number) => void;
}

export type Sent = { readonly ok: true } | Failure<'send-failed'>;

const CHUNK_BYTES = 65_536;
/** In a row without one more byte over there. */
const ATTEMPTS_MAX = 5;
const FIRST_PAUSE_MS = 500;
const RESTARTS_MAX = 1;
/** A link that comes back, a coordinator that starts again, and bytes that a power cut spoilt there: all else is for people. */
const PASSING: readonly status[] = [status.UNAVAILABLE, status.INTERNAL, status.CANCELLED, status.UNKNOWN, status.ABORTED, status.OUT_OF_RANGE, status.DATA_LOSS];

/**
 * Sends a file of this host's to the coordinator, from where the last time ended; it verifies every byte itself.
 * @throws the signal's reason, and what the disk says
 */
export async function sendCopy(client: SnapshotCopiesClient, order: CopyOrder, signal: AbortSignal): Promise<Sent> {
  let [attempts, furthest, restarts] = [0, -1, 0];
  for (;;) {
    signal.throwIfAborted();
    const found = await find(client, order.sha256);
    if ('offset' in found && found.whole) return { ok: true };
    const error = 'offset' in found ? await send(client, order, found.offset, signal) : found;
    if (error === null) return { ok: true };
    signal.throwIfAborted();
    // What a power cut spoilt over there is sent anew once; after that it is this file that is another one.
    if (error.code === status.DATA_LOSS) restarts += 1;
    if (!PASSING.includes(error.code) || restarts > RESTARTS_MAX) return failure('send-failed', `the coordinator does not take it: ${error.details}`);
    const reached = 'offset' in found ? found.offset : furthest;
    attempts = reached > furthest ? 1 : attempts + 1;
    furthest = Math.max(furthest, reached);
    if (attempts >= ATTEMPTS_MAX) return failure('send-failed', `it did not arrive (${error.details}); what did is kept there, and the next time goes on from it`);
    await order.clock.sleep(FIRST_PAUSE_MS * 2 ** (attempts - 1), signal);
  }
}

async function find(client: SnapshotCopiesClient, sha256: Digest): Promise<FindCopyResponse__Output | ServiceError> {
  return await new Promise((resolve) => {
    client.FindCopy({ sha256 }, (error, response) => resolve(error ?? response ?? { offset: 0, whole: false }));
  });
}

/** Reads no faster than the other side takes. @returns null where all of it lies there */
async function send(client: SnapshotCopiesClient, { path, sha256, sizeBytes, onProgress }: CopyOrder, offset: number, signal: AbortSignal): Promise<ServiceError | null> {
  const over = new AbortController();
  const answered = Promise.withResolvers<ServiceError | null>();
  const call = client.SendCopy((error) => {
    over.abort();
    answered.resolve(error);
  });
  // What went wrong is the answer's to say.
  call.on('error', () => undefined);
  const cancel = (): void => call.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    await write(call, { head: { sha256, size: sizeBytes, offset } }, over.signal);
    let sentBytes = offset;
    for await (const chunk of createReadStream(path, { start: offset, highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>) {
      if (over.signal.aborted) break;
      await write(call, { chunk }, over.signal);
      sentBytes += chunk.length;
      onProgress(sentBytes);
    }
    if (!over.signal.aborted) call.end();
    return await answered.promise;
  } finally {
    signal.removeEventListener('abort', cancel);
    call.cancel();
  }
}

async function write(call: ClientWritableStream<SendCopyRequest>, message: SendCopyRequest, over: AbortSignal): Promise<void> {
  if (!call.write(message)) await once(call, 'drain', { signal: over }).catch(() => undefined);
}
