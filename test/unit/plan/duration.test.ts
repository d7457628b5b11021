import { expect, test } from 'vitest';

import { formatDuration, parseDuration } from '../../../shared/plan/duration.ts';

test.each<[string, number | null]>([
  ['30s', 30_000],
  ['5m', 300_000],
  ['2h', 7_200_000],
  ['1d', 86_400_000],
  ['500ms', 500],
  ['0s', 0],
  ['5', null],
  ['5 m', null],
  ['-5m', null],
  ['1.5h', null],
  ['1h30m', null],
  ['m', null],
])('%s', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each([0, 1, 500, 1000, 1500, 60_000, 90_000, 3_600_000, 86_400_000, 90_000_000])('%d ms reads back', (ms) => {
  expect(parseDuration(formatDuration(ms))).toBe(ms);
});
