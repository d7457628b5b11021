import { createHash } from 'node:crypto';

import { NewFile } from './new-file.ts';
import type { SnapshotSink } from './snapshot-sink.ts';

/** Small chunks are written together: a call to the disk for each costs more than copying them. */
const WRITTEN_TOGETHER_BYTES = 1024 * 1024;

/** A snapshot's very bytes in a file of mode 0600. What stood under the path stays until `finish`. */
export async function openPlainFileSink(path: string, signal: AbortSignal): Promise<SnapshotSink> {
  signal.throwIfAborted();
  const file = await NewFile.beside(path);
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafeSlow(WRITTEN_TOGETHER_BYTES);
  let buffered = 0;
  let sizeBytes = 0;

  async function flush(): Promise<void> {
    if (buffered > 0) await file.write(buffer.subarray(0, buffered));
    buffered = 0;
  }

  return {
    async write(chunk) {
      signal.throwIfAborted();
      hash.update(chunk);
      sizeBytes += chunk.length;
      if (buffered + chunk.length > buffer.length) await flush();
      if (chunk.length > buffer.length) return await file.write(chunk);
      buffer.set(chunk, buffered);
      buffered += chunk.length;
    },
    digestSoFar: () => hash.copy().digest('hex'),
    async finish() {
      signal.throwIfAborted();
      await flush();
      await file.finish();
      return { plain: { digest: hash.digest('hex'), sizeBytes }, sealed: null };
    },
    discard: () => file.discard(),
  };
}
