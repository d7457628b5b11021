import type { ClientWritableStream, ServiceError } from '@grpc/grpc-js';
import { once } from 'node:events';

import type { AddArtifactRequest, AddArtifactResponse__Output, ArtifactHead__Output } from '../../../shared/wire/messages.ts';

type Answered = { readonly ok: true; readonly response: AddArtifactResponse__Output } | { readonly ok: false; readonly error: ServiceError };
type Call = ClientWritableStream<AddArtifactRequest>;

/** Reads no faster than the other side takes, and no further once it has answered. */
export async function sendArtifact(
  open: (done: (error: ServiceError | null, response?: AddArtifactResponse__Output) => void) => Call,
  head: ArtifactHead__Output,
  chunks: AsyncIterable<Buffer>,
  signal: AbortSignal,
): Promise<Answered> {
  const over = new AbortController();
  let call: Call | undefined;
  const answered = new Promise<Answered>((resolve) => {
    call = open((error, response) => {
      over.abort();
      resolve(response === undefined ? { ok: false, error: error as ServiceError } : { ok: true, response });
    });
  });
  if (call === undefined) throw new Error('gRPC gave no call');
  const sending = call;
  // What went wrong is the answer's to say.
  sending.on('error', () => undefined);
  const cancel = (): void => sending.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    await write(sending, { head }, over.signal);
    for await (const chunk of chunks) {
      if (over.signal.aborted) break;
      await write(sending, { chunk }, over.signal);
    }
    if (!over.signal.aborted) sending.end();
    return await answered;
  } finally {
    signal.removeEventListener('abort', cancel);
    sending.cancel();
  }
}

async function write(call: Call, message: AddArtifactRequest, over: AbortSignal): Promise<void> {
  if (!call.write(message)) await once(call, 'drain', { signal: over }).catch(() => undefined);
}
