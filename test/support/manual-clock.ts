import type { Clock } from '../../shared/ports/clock.ts';

/** A clock that stands still until it is told to go on. */
export interface ManualClock extends Clock {
  /** Moves both clocks and wakes the sleepers whose time has come, earliest first. */
  advance(ms: number): void;
}

interface Sleeper {
  readonly wakeAtMs: number;
  readonly wake: () => void;
}

export function manualClock(startUnixMs = Date.UTC(2026, 0, 1)): ManualClock {
  let elapsedMs = 0;
  let sleepers: readonly Sleeper[] = [];
  return {
    monotonicMs: () => elapsedMs,
    wallUnixMs: () => startUnixMs + elapsedMs,
    sleep: (ms, signal) => new Promise<void>((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason);
      const onAbort = (): void => {
        sleepers = sleepers.filter((other) => other !== sleeper);
        reject(signal?.reason);
      };
      const sleeper: Sleeper = {
        wakeAtMs: elapsedMs + ms,
        wake: () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      sleepers = [...sleepers, sleeper];
    }),
    advance(ms) {
      elapsedMs += ms;
      const due = sleepers.filter(({ wakeAtMs }) => wakeAtMs <= elapsedMs).toSorted((a, b) => a.wakeAtMs - b.wakeAtMs);
      sleepers = sleepers.filter((sleeper) => !due.includes(sleeper));
      for (const { wake } of due) wake();
    },
  };
}
