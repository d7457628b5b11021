import type { TransformOptions } from 'node:stream';
import { createZstdCompress, type ZstdCompress, type ZstdOptions } from 'node:zlib';

/**
 * A compressor to be piped through, whose output is one frame. node:zlib writes a second, empty one where it is ended while
 * several pieces wait in it, and decompresses whatever stands behind the first, or passes over it, as pieces happen to be cut.
 */
export function createOneFrameCompress(): ZstdCompress {
  // Whoever writes waits after each piece, and no piece waits.
  const options: ZstdOptions & TransformOptions = { writableHighWaterMark: 1 };
  return createZstdCompress(options);
}
