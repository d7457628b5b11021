import { setTimeout as delay } from 'node:timers/promises';

import type { Clock } from './clock.ts';

/** The machine's clocks. process.hrtime is CLOCK_MONOTONIC on Linux. */
export const systemClock: Clock = {
  monotonicMs: () => Number(process.hrtime.bigint() / 1_000_000n),
  wallUnixMs: () => Date.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal === undefined ? {} : { signal });
  },
};
