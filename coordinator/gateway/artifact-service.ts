import { status, type ServerWritableStream } from '@grpc/grpc-js';
import { once } from 'node:events';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';

import type { Digest, NodeName } from '../../shared/domain/ids.ts';
import { SHA256_PATTERN } from '../../shared/domain/step-limits.ts';
import type { Logger } from '../../shared/ports/logger.ts';
import { failure, type Failure } from '../../shared/trust/failure.ts';
import { failureStatus } from '../../shared/wire/failure-status.ts';
import type { ArtifactsHandlers, FetchRequest__Output, FetchResponse } from '../../shared/wire/messages.ts';
import { statusOfAuthentication, type Authenticator } from './authenticate.ts';

/** A quarter of what gRPC buffers for one stream: a slow reader costs a megabyte here, whatever the size of the artifact. */
const CHUNK_BYTES = 65_536;

export interface ArtifactParts {
  /** `<data>/artifacts`: every file is named by its sha256. */
  readonly folder: string;
  /** Copies of snapshots, which are for some alone: where one lies that this node may have; null where there is none. */
  readonly copyFor: (node: NodeName, sha256: Digest) => string | null;
  readonly authenticator: Authenticator;
  readonly logger: Logger;
}

type FetchCall = ServerWritableStream<FetchRequest__Output, FetchResponse>;

export function artifactHandlers(parts: ArtifactParts): ArtifactsHandlers {
  return {
    Fetch: (call) => {
      // Without a listener a broken stream would end the process.
      call.on('error', () => undefined);
      serve(parts, call).then(
        () => call.end(),
        (error: unknown) => {
          parts.logger.error('artifact not served', { sha256: call.request.sha256, error });
          call.emit('error', { code: status.UNAVAILABLE, details: 'the coordinator could not read the artifact; its log says more' });
        },
      );
    },
  };
}

async function serve({ folder, copyFor, authenticator, logger }: ArtifactParts, call: FetchCall): Promise<void> {
  const peer = await authenticator.any(call);
  if (!peer.ok) return refuse(call, peer, statusOfAuthentication(peer));
  const { sha256, offset } = call.request;
  if (!SHA256_PATTERN.test(sha256)) return refuse(call, failure('artifact-malformed', 'an artifact is named by its sha256 in lower-case hex'), status.INVALID_ARGUMENT);
  const copy = peer.kind === 'node' ? copyFor(peer.node, sha256) : null;
  const file = await openOrNull(copy ?? join(folder, sha256));
  if (file === null) {
    return refuse(call, failure('artifact-unknown', `no artifact ${sha256} lies here; add the file: farrier artifact add FILE`), status.NOT_FOUND);
  }
  try {
    const { size } = await file.stat();
    if (!Number.isSafeInteger(offset) || offset < 0 || offset > size) {
      return refuse(call, failure('artifact-offset', `artifact ${sha256} has ${size} bytes, asked was from byte ${offset}`), status.OUT_OF_RANGE);
    }
    logger.info('artifact asked for', { sha256, offset, size, peer: peer.kind === 'node' ? peer.node : peer.name });
    await send(call, file, offset, size);
  } finally {
    await file.close();
  }
}

/** The size goes out in a message of its own, so that an artifact without bytes has one as well. */
async function send(call: FetchCall, file: FileHandle, offset: number, size: number): Promise<void> {
  call.write({ size });
  for (let position = offset; position < size && !call.cancelled; ) {
    // A new buffer each time: gRPC keeps the one before until it is on the wire.
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES, position);
    if (bytesRead === 0) throw new Error(`the file ended at ${position} of ${size} bytes`);
    position += bytesRead;
    if (!call.write({ chunk: buffer.subarray(0, bytesRead) })) await drained(call);
  }
}

async function drained(call: FetchCall): Promise<void> {
  if (call.cancelled || call.destroyed) return;
  const over = new AbortController();
  await Promise.race(['drain', 'cancelled', 'close'].map(async (event) => await once(call, event, { signal: over.signal }))).finally(() => over.abort());
}

function refuse(call: FetchCall, refusal: Failure<string>, code: status): void {
  call.emit('error', failureStatus(refusal, code));
}

async function openOrNull(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
