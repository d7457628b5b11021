import { createHash, type Hash } from 'node:crypto';
import { once } from 'node:events';
import { createZstdDecompress } from 'node:zlib';

import type { SizedDigest } from '../../../shared/domain/snapshot.ts';
import { type Failure, failure } from '../../../shared/trust/failure.ts';
import type { SnapshotSink } from '../snapshot-sink.ts';
import type { Identity } from '../../../shared/age/age-keys.ts';
import { openPayload, type PayloadFailure } from './open-payload.ts';

/** More at once costs no less; 16 KiB, as it comes, costs a fifth more. */
const OUTPUT_BYTES = 256 * 1024;

/** What was recorded when the snapshot was taken. */
export interface RecordedDigests {
  readonly plain: SizedDigest;
  readonly sealed: SizedDigest;
}

/**
 * broken-zstd  it was sealed for this key, and what was sealed is not compressed as it has to be
 * too-large    it holds more than was recorded: nothing past that was unpacked
 * other-bytes  it is whole, and not what was recorded: another snapshot, or a forgery
 */
export type UnsealFailure = PayloadFailure | Failure<'broken-zstd' | 'too-large' | 'other-bytes'>;
export type Unsealed = { readonly ok: true } | UnsealFailure;

/**
 * Opens a sealed snapshot into a sink. The sink gets bytes as soon as their chunk is proved, so they mean nothing before this
 * resolved with `ok`: whoever opened the sink finishes it then, and discards it otherwise. @throws what the source, the sink or
 * the signal says.
 */
export async function unseal(sealed: AsyncIterable<Uint8Array>, identities: readonly Identity[], recorded: RecordedDigests, to: Pick<SnapshotSink, 'write'>, signal: AbortSignal): Promise<Unsealed> {
  signal.throwIfAborted();
  const hashes = { sealed: createHash('sha256'), plain: createHash('sha256') };
  const payload = openPayload(hashed(sealed, hashes.sealed, signal), identities);
  const zstd = createZstdDecompress({ chunkSize: OUTPUT_BYTES });
  const unpacked = unpackTo(zstd as AsyncIterable<Buffer>, recorded.plain.sizeBytes, hashes.plain, to);
  // Looked at below, after the payload's own fate: what broke there breaks here too.
  unpacked.catch(() => undefined);
  try {
    let compressedBytes = 0;
    let next = await payload.next();
    for (; next.done !== true && !zstd.destroyed; next = await payload.next()) {
      compressedBytes += next.value.length;
      if (!zstd.write(next.value)) await Promise.race([once(zstd, 'drain', { signal }), unpacked]);
    }
    if (next.done === true && next.value !== null) return next.value;
    zstd.end();
    const sizeBytes = await unpacked;
    if (sizeBytes === 'too-large') return failure('too-large', `it holds more than the ${recorded.plain.sizeBytes} bytes that were recorded: take another copy`);
    // node:zlib passes over what follows a frame.
    if (zstd.bytesWritten !== compressedBytes) return brokenZstd('something follows its end');
    return hashes.sealed.digest('hex') === recorded.sealed.digest && hashes.plain.digest('hex') === recorded.plain.digest
      ? { ok: true }
      : failure('other-bytes', 'it is whole, and not the snapshot that was recorded: take another copy');
  } catch (error) {
    if (isOfZstd(error)) return brokenZstd((error as Error).message);
    signal.throwIfAborted();
    throw error;
  } finally {
    await payload.return(null);
    zstd.destroy();
    // Nothing goes into the sink once the caller has its answer.
    await unpacked.catch(() => undefined);
  }
}

async function* hashed(bytes: AsyncIterable<Uint8Array>, hash: Hash, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    signal.throwIfAborted();
    hash.update(piece);
    yield piece;
  }
}

async function unpackTo(unpacked: AsyncIterable<Buffer>, sizeMaxBytes: number, hash: Hash, to: Pick<SnapshotSink, 'write'>): Promise<number | 'too-large'> {
  let sizeBytes = 0;
  for await (const piece of unpacked) {
    sizeBytes += piece.length;
    if (sizeBytes > sizeMaxBytes) return 'too-large';
    hash.update(piece);
    await to.write(piece);
  }
  return sizeBytes;
}

function brokenZstd(why: string): UnsealFailure {
  return failure('broken-zstd', `what was sealed cannot be unpacked (${why}): it was made by another program, or broken before it was sealed`);
}

/** node:zlib's codes for bytes that are not what they should be. */
function isOfZstd(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && (error.code.startsWith('ZSTD_') || error.code === 'Z_BUF_ERROR');
}
