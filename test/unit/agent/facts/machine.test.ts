import fc from 'fast-check';
import { expect, test } from 'vitest';

import { cgroupVersionOf, roundDown } from '../../../../agent/facts/machine.ts';

test.each([
  [0x63677270, 2],
  [0x01021994, 1],
  [0x27e0eb, 1],
  [0xef53, null],
  [undefined, null],
])('a file system of type %s at /sys/fs/cgroup: version %s', (type, version) => {
  expect(cgroupVersionOf(type)).toBe(version);
});

test('free bytes are never rounded up, and lose at most 1/16', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (bytes) => {
      const rounded = roundDown(bytes);
      expect(rounded).toBeLessThanOrEqual(bytes);
      expect(rounded).toBeGreaterThanOrEqual(bytes * (1 - 1 / 16));
      expect(roundDown(rounded)).toBe(rounded);
    }),
  );
  expect([0, 1, 31, 33, 1_000_000].map(roundDown)).toEqual([0, 1, 31, 32, 983_040]);
});
