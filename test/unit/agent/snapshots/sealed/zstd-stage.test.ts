import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { zstdDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';

import { ZstdStage } from '../../../../../agent/snapshots/sealed/zstd-stage.ts';

/** Of random bytes: what repeats itself would be compressed away, and hold nobody back. */
const BLOCK_BYTES = 100_000;

test('what goes in comes out, in one frame, though the caller reuses its buffer', async () => {
  const pieces: Buffer[] = [];
  const stage = new ZstdStage(async (piece) => void pieces.push(piece));
  const buffer = Buffer.alloc(70_001);
  const all: Buffer[] = [];
  for (let count = 0; count < 40; count += 1) {
    buffer.fill(count);
    all.push(Buffer.from(buffer));
    await stage.write(buffer);
  }
  await stage.end();
  expect(zstdDecompressSync(Buffer.concat(pieces)).equals(Buffer.concat(all))).toBe(true);
});

test('a taker that fails ends it: what it said is thrown, by whatever is called next', async () => {
  let taken = 0;
  const stage = new ZstdStage(async () => {
    taken += 1;
    if (taken === 3) throw new Error('the disk is full');
  });
  const writeAll = async (): Promise<void> => {
    for (let count = 0; count < 100; count += 1) await stage.write(randomBytes(BLOCK_BYTES));
  };
  await expect(writeAll()).rejects.toThrow('the disk is full');
  await expect(stage.write(randomBytes(BLOCK_BYTES))).rejects.toThrow('the disk is full');
  await expect(stage.end()).rejects.toThrow('the disk is full');
  expect(taken).toBe(3);
});

test('a taker that fails at the very end is heard too', async () => {
  const stage = new ZstdStage(async () => await Promise.reject(new Error('the disk is full')));
  await stage.write(randomBytes(BLOCK_BYTES));
  await expect(stage.end()).rejects.toThrow('the disk is full');
});

test('a taker that does not take holds the caller back', async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const stage = new ZstdStage(async () => await held);
  let written = 0;
  const writing = (async () => {
    for (let count = 0; count < 300; count += 1) {
      await stage.write(randomBytes(BLOCK_BYTES));
      written += BLOCK_BYTES;
    }
  })();
  // Until nothing moves any more.
  for (let before = -1; before !== written; await sleep(200)) before = written;
  expect(written).toBeLessThan(6_000_000);
  release();
  await writing;
  await stage.end();
  expect(written).toBe(30_000_000);
});

test('who is in the middle of writing when it is destroyed gets an answer', async () => {
  const stage = new ZstdStage(async () => await new Promise(() => undefined));
  const writing = (async () => {
    for (let count = 0; count < 300; count += 1) await stage.write(randomBytes(BLOCK_BYTES));
  })();
  writing.catch(() => undefined);
  await sleep(100);
  stage.destroy();
  stage.destroy();
  await expect(Promise.race([writing, sleep(5_000, 'nobody')])).rejects.toThrow();
});
