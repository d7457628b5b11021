import { type Failure, failure } from '../../../shared/trust/failure.ts';
import { brokenHeader, type HeaderFailure, readHeader } from '../../../shared/age/age-header.ts';
import type { Identity } from '../../../shared/age/age-keys.ts';
import { ChunkOpener, type ChunkFault, NONCE_BYTES, payloadKeyOf, SEALED_CHUNK_BYTES } from './age-payload.ts';

export type PayloadFailure = HeaderFailure | Failure<ChunkFault>;

const FAULTS: Readonly<Record<ChunkFault, string>> = {
  damaged: 'its bytes are not those that were sealed: take another copy',
  truncated: 'its end is missing: take another copy',
  extended: 'something was put behind its end: take another copy',
};

/**
 * Opens what age sealed. Each chunk that comes out is proved to be of this file and in its place; that none is missing is known
 * when this returns null, and not before.
 */
export async function* openPayload(sealed: AsyncIterable<Uint8Array>, identities: readonly Identity[]): AsyncGenerator<Buffer, PayloadFailure | null> {
  let held: Buffer[] = [];
  let heldBytes = 0;
  let wantedBytes = 0;
  let opener: ChunkOpener | null = null;
  for await (const piece of sealed) {
    held.push(Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength));
    heldBytes += piece.length;
    if (heldBytes <= wantedBytes) continue;
    let rest: Buffer = Buffer.concat(held);
    if (opener === null) {
      const header = readHeader(rest, identities);
      if (header !== null && !header.ok) return header;
      held = [rest];
      if (header === null || rest.length < header.sizeBytes + NONCE_BYTES) continue;
      const start = header.sizeBytes + NONCE_BYTES;
      opener = new ChunkOpener(payloadKeyOf(header.fileKey, rest.subarray(header.sizeBytes, start)));
      wantedBytes = SEALED_CHUNK_BYTES;
      rest = rest.subarray(start);
    }
    // The last chunk stays until the end says that it is the last.
    for (; rest.length > SEALED_CHUNK_BYTES; rest = rest.subarray(SEALED_CHUNK_BYTES)) {
      const plain = opener.open(rest.subarray(0, SEALED_CHUNK_BYTES), false);
      if (!Buffer.isBuffer(plain)) return failure(plain, FAULTS[plain]);
      yield plain;
    }
    held = [rest];
    heldBytes = rest.length;
  }
  if (opener === null) return brokenHeader('it ends in the middle');
  const plain = opener.open(Buffer.concat(held), true);
  if (!Buffer.isBuffer(plain)) return failure(plain, FAULTS[plain]);
  yield plain;
  return null;
}
