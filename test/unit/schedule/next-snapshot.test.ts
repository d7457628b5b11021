import fc from 'fast-check';
import { expect, test } from 'vitest';

import { checkSchedule, nextSnapshotUnixMs, type SnapshotSchedule } from '../../../shared/schedule/next-snapshot.ts';

const HOUR_MS = 3_600_000;
const schedule = (cron: string, timeZone = 'UTC', jitterMs = 0): SnapshotSchedule => ({ cron, timeZone, jitterMs });

test.each([
  ['0 */12 * * *', 'UTC', '2026-11-21T11:59:59.999Z', '2026-11-21T12:00:00.000Z'],
  // Never the same one again.
  ['0 */12 * * *', 'UTC', '2026-11-21T12:00:00.000Z', '2026-11-22T00:00:00.000Z'],
  ['0 */12 * * *', 'UTC', '2026-11-21T12:00:00.001Z', '2026-11-22T00:00:00.000Z'],
  ['30 4 * * *', 'Europe/Berlin', '2026-07-01T00:00:00.000Z', '2026-07-01T02:30:00.000Z'],
  ['30 4 * * *', 'Europe/Berlin', '2026-12-01T00:00:00.000Z', '2026-12-01T03:30:00.000Z'],
  // The hour that the spring leaves out is made up for behind it; the one that the autumn has twice counts once.
  ['30 2 * * *', 'Europe/Berlin', '2026-03-29T00:00:00.000Z', '2026-03-29T01:00:00.000Z'],
  ['30 2 * * *', 'Europe/Berlin', '2026-10-25T00:00:00.000Z', '2026-10-25T00:30:00.000Z'],
  ['0 3 * * 1', 'UTC', '2026-11-21T00:00:00.000Z', '2026-11-23T03:00:00.000Z'],
  ['0 0 29 2 *', 'UTC', '2026-03-01T00:00:00.000Z', '2028-02-29T00:00:00.000Z'],
])('%s in %s after %s is %s', (cron, timeZone, after, next) => {
  expect(checkSchedule(schedule(cron, timeZone))).toEqual({ ok: true });
  expect(new Date(nextSnapshotUnixMs(schedule(cron, timeZone), 0, Date.parse(after))).toISOString()).toBe(next);
});

test.each([
  [schedule('hourly'), 'not-cron'],
  [schedule('0 0 0 * * *'), 'not-cron'],
  [schedule('61 * * * *'), 'not-cron'],
  [schedule('* * * * mon-xyz'), 'not-cron'],
  [schedule('0 0 30 2 *'), 'never'],
  [schedule('0 0 * * *', 'Mars/Olympus'), 'unknown-zone'],
  [schedule('0 0 * * *', ''), 'unknown-zone'],
  [schedule('0 0 * * *', 'UTC', -1), 'bad-jitter'],
  [schedule('0 0 * * *', 'UTC', Number.NaN), 'bad-jitter'],
])('%j is refused as %s', (wrong, code) => {
  expect(checkSchedule(wrong)).toMatchObject({ ok: false, code });
});

test('each cluster has its own part of the jitter, and keeps it', () => {
  const every = schedule('0 */6 * * *', 'UTC', HOUR_MS);
  const at = Date.UTC(2026, 10, 21, 3);
  expect([0, 0.25, 0.999].map((share) => (nextSnapshotUnixMs(every, share, at) - Date.UTC(2026, 10, 21, 6)) / HOUR_MS)).toEqual([0, 0.25, expect.closeTo(0.999, 5)]);
  // In the middle of the jitter: who was before has its turn at the next time, who comes after has it now.
  const within = Date.UTC(2026, 10, 21, 6, 30);
  expect(nextSnapshotUnixMs(every, 0.25, within)).toBe(Date.UTC(2026, 10, 21, 12, 15));
  expect(nextSnapshotUnixMs(every, 0.75, within)).toBe(Date.UTC(2026, 10, 21, 6, 45));
});

test('the next time is later, in steps that leave none out', () => {
  let seen = 0;
  fc.assert(
    fc.property(fc.constantFrom('0 * * * *', '*/15 * * * *', '30 1,13 * * *'), fc.constantFrom('UTC', 'Europe/Berlin', 'America/St_Johns'), fc.nat({ max: 10 * HOUR_MS }), fc.double({ min: 0, max: 0.999_999, noNaN: true }), fc.integer({ min: 0, max: 2_000_000_000_000 }), (cron, zone, jitterMs, share, after) => {
      const each = schedule(cron, zone, jitterMs);
      const next = nextSnapshotUnixMs(each, share, after);
      expect(next).toBeGreaterThan(after);
      // Asked from just before it, it is still the next.
      expect(nextSnapshotUnixMs(each, share, next - 1)).toBe(next);
      expect(nextSnapshotUnixMs(each, share, next)).toBeGreaterThan(next);
      seen += 1;
    }),
    { numRuns: 500, seed: 1 },
  );
  expect(seen).toBe(500);
});
