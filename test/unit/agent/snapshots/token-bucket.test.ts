import fc from 'fast-check';
import { expect, test } from 'vitest';

import { fullBucket, spend } from '../../../../agent/core/token-bucket.ts';

test('a burst passes at once, the rest is waited for, and a pause fills no more than a burst', () => {
  const first = spend(fullBucket(1000, 0), 100, 1000, 0);
  expect(first.waitMs).toBe(0);
  const second = spend(first.bucket, 500, 1000, 0);
  expect(second.waitMs).toBe(500);
  expect(spend(second.bucket, 100, 1000, 500).waitMs).toBe(100);
  expect(spend(second.bucket, 100, 1000, 3_600_000).waitMs).toBe(0);
  expect(spend(second.bucket, 101, 1000, 3_600_000).waitMs).toBe(1);
});

test('whoever waits as told never passes more than the rate, a burst and the last amount; and never waits for nothing', () => {
  let slowed = 0;
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000_000 }), fc.array(fc.record({ amount: fc.nat(100_000), busyMs: fc.nat(50) }), { maxLength: 50 }), (perS, steps) => {
      let [bucket, nowMs, passed] = [fullBucket(perS, 0), 0, 0];
      for (const { amount, busyMs } of steps) {
        nowMs += busyMs;
        const spent = spend(bucket, amount, perS, nowMs);
        passed += amount;
        expect(passed - amount).toBeLessThanOrEqual((perS * (nowMs + 100)) / 1000 + 1);
        if (spent.waitMs > 0) {
          slowed += 1;
          expect(spent.waitMs).toBeLessThanOrEqual((passed * 1000) / perS + 1);
        }
        bucket = spent.bucket;
        nowMs += spent.waitMs;
      }
    }),
    { numRuns: 300 },
  );
  expect(slowed).toBeGreaterThan(100);
});
