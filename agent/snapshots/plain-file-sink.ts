import { createHash } from 'node:crypto';

import { NewFile } from './new-file.ts';
import type { SnapshotSink } from './snapshot-sink.ts';

/** Written together, what a call to the disk for each would cost more than copying. More does not stay in the CPU's cache, and costs twice. */
const WRITTEN_TOGETHER_BYTES = 256 * 1024;

/** A snapshot's very bytes in a file of mode 0600. What stood under the path stays until `finish`. */
export async function openPlainFileSink(path: string, signal: AbortSignal): Promise<SnapshotSink> {
  signal.throwIfAborted();
  const file = await NewFile.beside(path);
  const hash = createHash('sha256');
  // While one is written the other one is filled.
  let [filling, spare] = [Buffer.allocUnsafeSlow(WRITTEN_TOGETHER_BYTES), Buffer.allocUnsafeSlow(WRITTEN_TOGETHER_BYTES)];
  let filled = 0;
  let writing: Promise<void> = Promise.resolve();
  let sizeBytes = 0;

  /** Begins to write what is filled as soon as what was filled before is written. */
  async function flush(): Promise<void> {
    await writing;
    writing = file.write(filling.subarray(0, filled));
    // Thrown by whoever waits for it next.
    writing.catch(() => undefined);
    [filling, spare] = [spare, filling];
    filled = 0;
  }

  return {
    async write(chunk) {
      signal.throwIfAborted();
      hash.update(chunk);
      sizeBytes += chunk.length;
      for (let at = 0; at < chunk.length; ) {
        const taken = Math.min(chunk.length - at, filling.length - filled);
        filling.set(taken === chunk.length ? chunk : chunk.subarray(at, at + taken), filled);
        at += taken;
        filled += taken;
        if (filled === filling.length) await flush();
      }
    },
    digestSoFar: () => hash.copy().digest('hex'),
    async finish() {
      signal.throwIfAborted();
      await flush();
      await writing;
      await file.finish();
      return { plain: { digest: hash.digest('hex'), sizeBytes }, sealed: null };
    },
    discard: async () => {
      await writing.catch(() => undefined);
      await file.discard();
    },
  };
}
