import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { nextTakingUnixMs } from '../../../../../agent/snapshots/work/next-taking.ts';
import type { SnapshotOutcome } from '../../../../../agent/snapshots/work/outcomes.ts';
import type { SnapshotSchedule } from '../../../../../shared/schedule/next-snapshot.ts';
import { exampleOutcome } from '../../../../support/example-outcome.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const NOON = Date.UTC(2026, 10, 22, 12);
const EVERY_6H: SnapshotSchedule = { cron: '0 */6 * * *', timeZone: 'UTC', jitterMs: 0 };

const took = (startedUnixMs: number): SnapshotOutcome => exampleOutcome({ startedUnixMs });
const failed = (startedUnixMs: number): SnapshotOutcome => exampleOutcome({ startedUnixMs, code: 'unreachable', snapshot: null });
const next = (outcomes: readonly SnapshotOutcome[], nowUnixMs: number): number => nextTakingUnixMs(EVERY_6H, 'cp-1', outcomes, nowUnixMs);

test('it is the next of the schedule after the last that was taken, whoever asked for that', () => {
  expect(next([took(NOON)], NOON + HOUR_MS)).toBe(NOON + 6 * HOUR_MS);
  expect(next([{ ...took(NOON - MINUTE_MS), by: 'person' }], NOON - MINUTE_MS)).toBe(NOON);
});

test('where none was ever taken, and where some were missed, one is due at once, and one only', () => {
  expect(next([], NOON)).toBeLessThanOrEqual(NOON);
  const afterTwoDays = NOON + 48 * HOUR_MS + MINUTE_MS;
  expect(next([took(NOON)], afterTwoDays)).toBeLessThanOrEqual(afterTwoDays);
  expect(next([took(afterTwoDays), took(NOON)], afterTwoDays + 1)).toBe(NOON + 54 * HOUR_MS);
});

describe('what failed', () => {
  test('is tried again soon, and less and less often', () => {
    const waits = [1, 2, 3, 4, 5, 6].map((failures) => {
      const outcomes = [...Array.from({ length: failures }, (_none, index) => failed(NOON - index)), took(NOON - 6 * HOUR_MS)];
      return (next(outcomes, NOON + 1) - NOON) / MINUTE_MS;
    });
    expect(waits).toEqual([1, 2, 4, 8, 15, 15]);
  });

  test('and what went down in the middle, counts as an attempt', () => {
    expect(next([exampleOutcome({ startedUnixMs: NOON, endedUnixMs: null, code: 'running', snapshot: null })], NOON + 1)).toBe(NOON + MINUTE_MS);
  });

  test('in its proof was taken all the same', () => {
    expect(next([exampleOutcome({ startedUnixMs: NOON, code: 'mismatch' })], NOON + 1)).toBe(NOON + 6 * HOUR_MS);
  });
});

test('other work is no taking', () => {
  expect(next([exampleOutcome({ kind: 'prove', startedUnixMs: NOON + 1 }), took(NOON)], NOON + 2)).toBe(NOON + 6 * HOUR_MS);
});

test('a clock that went back, by however much, delays nothing past the next of the schedule', () => {
  let wentBack = 0;
  fc.assert(fc.property(fc.integer({ min: 0, max: 400 * 24 * HOUR_MS }), fc.boolean(), (backMs, wasGood) => {
    if (backMs > 6 * HOUR_MS) wentBack += 1;
    const outcome = wasGood ? took(NOON) : failed(NOON);
    expect(next([outcome], NOON - backMs)).toBeLessThanOrEqual(NOON - backMs + 6 * HOUR_MS);
  }));
  expect(wentBack).toBeGreaterThan(20);
});

test('the members of one cluster begin at times of their own', () => {
  const jittered = { ...EVERY_6H, jitterMs: HOUR_MS };
  const times = ['cp-1', 'cp-2', 'cp-3'].map((node) => nextTakingUnixMs(jittered, node, [took(NOON + 2 * HOUR_MS)], NOON + 2 * HOUR_MS));
  expect(new Set(times).size).toBe(3);
  for (const time of times) expect(time - NOON).toBeGreaterThanOrEqual(6 * HOUR_MS);
  for (const time of times) expect(time - NOON).toBeLessThan(7 * HOUR_MS);
});
