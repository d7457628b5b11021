import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';

import type { SnapshotSink } from '../../../../agent/snapshots/snapshot-sink.ts';
import { trailedStream } from '../../../../agent/snapshots/trailed-stream.ts';

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

function memorySink(): SnapshotSink & { readonly bytes: () => Buffer } {
  const chunks: Uint8Array[] = [];
  const bytes = (): Buffer => Buffer.concat(chunks);
  return {
    bytes,
    write: async (chunk) => void chunks.push(Uint8Array.from(chunk)),
    digestSoFar: () => sha256(bytes()).toString('hex'),
    finish: async () => ({ plain: { digest: sha256(bytes()).toString('hex'), sizeBytes: bytes().length }, sealed: null }),
    discard: async () => undefined,
  };
}

/** A database of whole sectors with its sha256, cut anywhere. */
const snapshots = fc.record({ sectors: fc.integer({ min: 1, max: 4 }), fill: fc.nat(255), cuts: fc.array(fc.nat(2200), { maxLength: 6 }) }).map(({ sectors, fill, cuts }) => {
  const database = Buffer.alloc(sectors * 512, fill);
  const whole = Buffer.concat([database, sha256(database)]);
  return { whole, cuts };
});

function cut(bytes: Buffer, at: readonly number[]): readonly Buffer[] {
  const ends = [...at.map((end) => end % (bytes.length + 1)), bytes.length].toSorted((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end));
}

async function passed(parts: readonly Buffer[]): Promise<{ readonly damage: string; readonly bytes: Buffer }> {
  const sink = memorySink();
  const stream = trailedStream(sink);
  for (const part of parts) await stream.pass(part);
  return { damage: await stream.end(), bytes: sink.bytes() };
}

test('whatever the parts, every byte arrives in order and the sha256 at the end is found', async () => {
  await fc.assert(
    fc.asyncProperty(snapshots, async ({ whole, cuts }) => {
      const { damage, bytes } = await passed(cut(whole, cuts));
      expect(damage).toBe('');
      expect(bytes.equals(whole)).toBe(true);
    }),
  );
});

test('one byte that differs anywhere is found', async () => {
  await fc.assert(
    fc.asyncProperty(snapshots, fc.nat(), fc.integer({ min: 1, max: 255 }), async ({ whole, cuts }, where, change) => {
      const damaged = Buffer.from(whole);
      const index = where % damaged.length;
      damaged.writeUInt8(damaged.readUInt8(index) ^ change, index);
      expect((await passed(cut(damaged, cuts))).damage).toMatch(/^its bytes have sha256 [0-9a-f]{64}, and it says [0-9a-f]{64}$/);
    }),
  );
});

test.each([0, 31, 32, 512, 543, 545])('%i bytes are no pages and a sha256', async (sizeBytes) => {
  const { damage } = await passed([Buffer.alloc(sizeBytes)]);
  expect(damage).toMatch(/no pages and a sha256/);
});
