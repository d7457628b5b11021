import { createHash, randomBytes } from 'node:crypto';

import { NewFile } from '../new-file.ts';
import type { SnapshotSink } from '../snapshot-sink.ts';
import { writeHeader } from '../../../shared/age/age-header.ts';
import type { Recipient } from '../../../shared/age/age-keys.ts';
import { ChunkSealer, NONCE_BYTES, payloadKeyOf } from './age-payload.ts';
import { FILE_KEY_BYTES } from '../../../shared/age/age-stanza.ts';
import { ZstdStage } from './zstd-stage.ts';

/** Hashed and written together, some 256 KiB: a chunk is two pieces, and a call to the disk for each costs more than copying them. */
const PIECES_TOGETHER = 8;

/**
 * A snapshot in a file of mode 0600 that only the recipients can open, hashed, compressed and encrypted on its way: nothing
 * readable ever touches the disk. `age -d | zstd -d` opens it, without Farrier. Anybody can seal something for a recipient,
 * so what tells a snapshot from a forgery is the digest that was recorded when it was taken.
 */
export async function openSealedFileSink(path: string, recipients: readonly Recipient[], signal: AbortSignal): Promise<SnapshotSink> {
  signal.throwIfAborted();
  if (recipients.length === 0) throw new Error('a snapshot that is sealed for nobody is lost');
  const file = await NewFile.beside(path);
  const fileKey = randomBytes(FILE_KEY_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  const sealer = new ChunkSealer(payloadKeyOf(fileKey, nonce));
  const plain = { hash: createHash('sha256'), sizeBytes: 0 };
  const sealed = { hash: createHash('sha256'), sizeBytes: 0 };
  let held: Buffer[] = [];
  const zstd = new ZstdStage(async (compressed) => await store(sealer.update(compressed)));

  async function store(pieces: readonly Buffer[]): Promise<void> {
    held.push(...pieces);
    if (held.length >= PIECES_TOGETHER) await flush();
  }

  async function flush(): Promise<void> {
    const bytes = Buffer.concat(held);
    held = [];
    sealed.hash.update(bytes);
    sealed.sizeBytes += bytes.length;
    await file.write(bytes);
  }

  async function discard(): Promise<void> {
    zstd.destroy();
    await file.discard();
  }

  held.push(writeHeader(fileKey, recipients), nonce);
  return {
    async write(chunk) {
      signal.throwIfAborted();
      plain.hash.update(chunk);
      plain.sizeBytes += chunk.length;
      await zstd.write(chunk);
    },
    digestSoFar: () => plain.hash.copy().digest('hex'),
    async finish() {
      signal.throwIfAborted();
      await zstd.end();
      await store(sealer.end());
      await flush();
      await file.finish();
      return {
        plain: { digest: plain.hash.digest('hex'), sizeBytes: plain.sizeBytes },
        sealed: { digest: sealed.hash.digest('hex'), sizeBytes: sealed.sizeBytes, recipients: recipients.map(({ fingerprint }) => fingerprint) },
      };
    },
    discard,
  };
}
