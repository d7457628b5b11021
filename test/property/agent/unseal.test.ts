import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';

import { generateIdentity } from '../../../shared/age/age-keys.ts';
import { type SealedBytes, sealBytes, unsealBytes } from '../../support/sealed-bytes.ts';

const [mine, other] = [generateIdentity(), generateIdentity()];
const plain = randomBytes(200_000);
let sealed: SealedBytes;

beforeAll(async () => {
  sealed = await sealBytes(plain, [mine.recipient, other.recipient]);
});

type Edit = (bytes: Buffer) => Buffer;

/** In the header as often as behind it. */
const place = fc.oneof(fc.nat({ max: 400 }), fc.nat({ max: 200_500 }));
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(place, fc.integer({ min: 1, max: 255 })).map(([at, by]): Edit => (bytes) => {
    const copy = Buffer.from(bytes);
    if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ by;
    return copy;
  }),
  place.map((at): Edit => (bytes) => bytes.subarray(0, at)),
  fc.tuple(place, fc.uint8Array({ minLength: 1, maxLength: 50 })).map(([at, more]): Edit => (bytes) => Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)])),
  fc.tuple(place, fc.integer({ min: 1, max: 70_000 })).map(([at, length]): Edit => (bytes) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)])),
  fc.tuple(place, place, fc.integer({ min: 1, max: 70_000 })).map(([from, to, length]): Edit => (bytes) => Buffer.concat([bytes.subarray(0, to), bytes.subarray(from, from + length), bytes.subarray(to + length)])),
);

test('never is a changed file whole, and never comes a byte out of it that was not sealed', async () => {
  const seen = { codes: new Map<string, number>(), released: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 2 }), async (edits) => {
      const changed = edits.reduce((bytes, each) => each(bytes), sealed.bytes);
      fc.pre(!changed.equals(sealed.bytes));
      const { unsealed, released } = await unsealBytes(changed, [mine], sealed.recorded);
      expect(released.equals(plain.subarray(0, released.length))).toBe(true);
      if (unsealed.ok) throw new Error('it passed');
      seen.codes.set(unsealed.code, (seen.codes.get(unsealed.code) ?? 0) + 1);
      if (released.length > 0) seen.released += 1;
    }),
    { numRuns: 1_200, seed: 1 },
  );
  for (const code of ['not-sealed', 'broken-header', 'no-key-fits', 'forged-header', 'damaged']) expect(seen.codes.get(code) ?? 0).toBeGreaterThan(5);
  expect(seen.released).toBeGreaterThan(50);
});
