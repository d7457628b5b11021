import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { createZstdDecompress, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';

import { unpackFrames } from '../../../../agent/steps/images/unpack-frames.ts';

/** Some of one piece, some of many, on either side of the compressor; one of nothing. */
const plain = [Buffer.from('one'), randomBytes(300_000), Buffer.alloc(0), Buffer.alloc(2_000_000, 'two'), Buffer.from('three')];
const frames = plain.map((bytes) => zstdCompressSync(bytes));
const whole = Buffer.concat(frames);

async function* pieces(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  for (const [index, to] of [...cuts, bytes.length].entries()) yield bytes.subarray(cuts[index - 1] ?? 0, to);
}

const unpacked = (bytes: Buffer, cuts: readonly number[]): Promise<Buffer> => buffer(unpackFrames(pieces(bytes, cuts), createZstdDecompress));

function every(step: number): readonly number[] {
  return Array.from({ length: Math.floor((whole.length - 1) / step) }, (_, index) => (index + 1) * step);
}

const ends = frames.map((_, index) => Buffer.concat(frames.slice(0, index + 1)).length).slice(0, -1);

describe('all frames are read', () => {
  test.each([
    ['in one piece', []],
    ['as a file is read', every(65_536)],
    ['in small pieces', every(777)],
    ['cut where each frame ends', ends],
    ['cut one byte before', ends.map((end) => end - 1)],
    ['cut one byte behind', ends.map((end) => end + 1)],
  ])('%s', async (_name, cuts) => {
    expect((await unpacked(whole, cuts)).equals(Buffer.concat(plain))).toBe(true);
  });
});

describe('what is not whole is refused', () => {
  test.each([
    ['the last frame is cut off', whole.subarray(0, whole.length - 2)],
    ['a frame in the middle is cut off', whole.subarray(0, (ends[0] ?? 0) + 1000)],
    ['something else follows', Buffer.concat([whole, Buffer.from('something else')])],
  ])('%s', async (_name, bytes) => {
    await expect(unpacked(bytes, [])).rejects.toThrow();
    await expect(unpacked(bytes, ends.filter((end) => end < bytes.length))).rejects.toThrow();
  });
});

test('a source that fails is heard', async () => {
  async function* source(): AsyncGenerator<Buffer> {
    yield whole.subarray(0, 1000);
    throw new Error('the disk is gone');
  }
  await expect(buffer(unpackFrames(source(), createZstdDecompress))).rejects.toThrow('the disk is gone');
});

test('who has read enough leaves the source closed', async () => {
  let isClosed = false;
  async function* source(): AsyncGenerator<Buffer> {
    try {
      yield* pieces(whole, every(777));
    } finally {
      isClosed = true;
    }
  }
  const reading = unpackFrames(source(), createZstdDecompress);
  await reading.next();
  await reading.return(undefined);
  expect(isClosed).toBe(true);
});
