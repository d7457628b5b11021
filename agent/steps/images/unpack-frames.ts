import type { createZstdDecompress, ZstdDecompress } from 'node:zlib';

/**
 * All that a zstd file holds: node:zlib stops, without a word, where the first frame ends in the middle of a piece, and
 * compressors that work in parallel write many. @throws where a frame is broken or cut off, or what follows one is none
 */
export async function* unpackFrames(compressed: AsyncIterable<Buffer>, decompress: typeof createZstdDecompress): AsyncGenerator<Buffer> {
  const pieces = compressed[Symbol.asyncIterator]();
  try {
    for (let rest = await nextOf(pieces); rest !== null; ) {
      const zstd = decompress();
      const fed = feed(zstd, rest, pieces);
      // Whoever reads hears of it.
      fed.catch((error: unknown) => zstd.destroy(error as Error));
      yield* zstd as AsyncIterable<Buffer>;
      rest = await fed;
    }
  } finally {
    await pieces.return?.();
  }
}

/** @returns what stands behind the frame in its last piece; null at the end of the file */
async function feed(zstd: ZstdDecompress, first: Buffer, pieces: AsyncIterator<Buffer>): Promise<Buffer | null> {
  for (let piece: Buffer | null = first; piece !== null; piece = await nextOf(pieces)) {
    const before = zstd.bytesWritten;
    await write(zstd, piece);
    const taken = zstd.bytesWritten - before;
    if (taken < piece.length) return piece.subarray(taken);
  }
  zstd.end();
  return null;
}

async function write(zstd: ZstdDecompress, piece: Buffer): Promise<void> {
  await new Promise<void>((resolve, reject) => void zstd.write(piece, (error) => (error ? reject(error) : resolve())));
}

async function nextOf(pieces: AsyncIterator<Buffer>): Promise<Buffer | null> {
  const { value, done } = await pieces.next();
  return done === true ? null : value;
}
