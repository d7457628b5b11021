/** Time comes from outside. Elapsed time is monotonic; wall time is for windows, expiry and display only. */
export interface Clock {
  /** Milliseconds since boot (CLOCK_MONOTONIC): comparable between processes of one boot. */
  monotonicMs(): number;
  wallUnixMs(): number;
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
