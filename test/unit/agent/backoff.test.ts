import { expect, test } from 'vitest';

import { backoffMs } from '../../../agent/core/backoff.ts';

test.each([
  { failures: 1, unit: 0, ms: 100 },
  { failures: 1, unit: 0.5, ms: 600 },
  { failures: 3, unit: 0.999, ms: 4_096 },
  { failures: 7, unit: 0.5, ms: 30_100 },
  { failures: 50, unit: 1, ms: 60_100 },
])('after $failures failures, jitter $unit: $ms ms', ({ failures, unit, ms }) => {
  expect(backoffMs(failures, unit)).toBe(ms);
});
