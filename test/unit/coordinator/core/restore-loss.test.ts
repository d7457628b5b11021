import { expect, test } from 'vitest';

import { isTypedBack, restoreLoss } from '../../../../coordinator/core/restore-loss.ts';

const MINUTE_MS = 60_000;
const NOW = Date.UTC(2026, 0, 1);
const takenBefore = (ms: number) => ({ takenUnixMs: NOW - ms, revision: 100 });

test.each([[0, '0m'], [1, '1m'], [59 * MINUTE_MS, '59m'], [133 * MINUTE_MS, '2h 13m'], [26 * 60 * MINUTE_MS, '1d 2h 0m'], [-5 * MINUTE_MS, '0m'], [-6 * MINUTE_MS, 'unknown time']])('%i ms ago: %s', (ms, text) => {
  expect(restoreLoss(takenBefore(ms), null, NOW)).toEqual({ text, revisions: null });
});

test('revisions are those since then that anybody has seen', () => {
  expect([250, 100, 7].map((newest) => restoreLoss(takenBefore(0), newest, NOW).revisions)).toEqual([150, 0, 0]);
});

test('what was shown within the last minutes may be typed back, and nothing else', () => {
  const record = takenBefore(133 * MINUTE_MS);
  for (const typed of ['2h 13m', ' 2h  13m ', '2h 5m', '2h 3m']) expect(isTypedBack(typed, record, NOW), typed).toBe(true);
  for (const typed of ['', '2h', '133m', '2h 14m', '2h 2m', 'yes', '2H 13M']) expect(isTypedBack(typed, record, NOW), typed).toBe(false);
});

test('of a snapshot from a moment that is yet to come, no duration is typed back', () => {
  const record = takenBefore(-60 * MINUTE_MS);
  expect(['0m', '', 'unknown time'].map((typed) => isTypedBack(typed, record, NOW))).toEqual([false, false, true]);
});
