import fc from 'fast-check';
import { expect, test } from 'vitest';

import { boltFile, withChecksums } from '../../support/bolt-file.ts';
import { SAMPLE_DATASTORE } from '../../support/sample-datastore.ts';
import { walkDatabase } from '../../support/walk-database.ts';

const RUNS = 4_000;
const file = boltFile(SAMPLE_DATASTORE);
const whole = walkDatabase(file);

/** Where tables, headers and lists lie, damage leads furthest: half of the changes are made there. */
const PAGE = 1024;
const structural = fc.record({ page: fc.nat(file.length / PAGE - 1), at: fc.nat(20).map((word) => word * 4) }).map(({ page, at }) => page * PAGE + at);
const offset = fc.oneof(structural, fc.nat(file.length - 4));
const word = fc.oneof(fc.nat(64), fc.nat(0xffff_ffff), fc.constantFrom(0, 0xffff, 0xffff_ffff, 0x8000_0000));
const change = fc.oneof(
  fc.record({ kind: fc.constant('word' as const), offset, word }),
  fc.record({ kind: fc.constant('byte' as const), offset, word }),
  // A page in the place of another one, as a write to the wrong place leaves it.
  fc.record({ kind: fc.constant('page' as const), offset, word }),
);

function changed(changes: readonly { readonly kind: 'word' | 'byte' | 'page'; readonly offset: number; readonly word: number }[], reseal: boolean): Buffer {
  const mutated = Buffer.from(file);
  for (const { kind, offset: at, word: value } of changes) {
    if (kind === 'word') mutated.writeUInt32LE(value, at);
    else if (kind === 'byte') mutated.writeUInt8(value & 255, at);
    else mutated.copy(mutated, Math.floor(at / PAGE) * PAGE, (value % (file.length / PAGE)) * PAGE, ((value % (file.length / PAGE)) + 1) * PAGE);
  }
  return reseal ? withChecksums(mutated) : mutated;
}

test('whatever a file holds, the walk ends with contents or damage, and passes no leaf twice', () => {
  const codes = new Map<string, number>();
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), fc.boolean(), (changes, reseal) => {
      const { damage, leaves } = walkDatabase(changed(changes, reseal));
      // Once to read, once more for the hash of key values.
      expect(leaves).toBeLessThanOrEqual(2 * (file.length / PAGE));
      codes.set(damage?.code ?? 'none', (codes.get(damage?.code ?? 'none') ?? 0) + 1);
    }),
    { numRuns: RUNS, seed: 1 },
  );
  // Many changes fall on values and on what a page has left; few kinds of damage may be out of reach.
  expect(codes.size).toBeGreaterThan(10);
  expect(codes.get('none') ?? 0).toBeLessThan(RUNS / 2);
});

test('bytes that are no database end it as well', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5_000 }), (bytes) => {
      expect(walkDatabase(Buffer.from(bytes)).damage?.code).toBe('meta-invalid');
    }),
    { numRuns: 300, seed: 1 },
  );
});

test('a file cut off anywhere is damaged', () => {
  expect(whole.damage).toBeNull();
  fc.assert(
    fc.property(fc.nat(file.length - 1), (length) => {
      expect(['too-short', 'meta-invalid']).toContain(walkDatabase(file.subarray(0, length)).damage?.code);
    }),
    { numRuns: 300, seed: 1 },
  );
});
