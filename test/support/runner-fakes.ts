import type { Watchdog } from '../../agent/ports/watchdog.ts';
import type { RunOptions } from '../../agent/runner/run-sequence.ts';
import type { Clock } from '../../shared/ports/clock.ts';

/** Sleeping takes no time. */
export const hastyClock: Clock = { monotonicMs: () => 0, wallUnixMs: () => 0, sleep: async () => undefined };

export const noWatchdog: Watchdog = { arm: async () => undefined, disarm: async () => undefined };

export function untilOver(change: Partial<RunOptions> = {}): RunOptions {
  return { until: 'over', permitHolds: () => true, force: null, ...change };
}
