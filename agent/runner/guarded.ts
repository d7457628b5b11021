import { isDiskFull } from '../core/disk-full.ts';
import type { StepFailure, StepResult } from '../steps/step.ts';
import { stepFailure } from '../steps/step.ts';

/**
 * Calls into a step. Whatever it throws becomes a failure of the step: the runner must always get to journal an outcome,
 * and a step that cannot read its disk is put back like any other.
 */
export async function guarded<Result>(work: (signal: AbortSignal) => Promise<Result>, timeoutMs: number, stop?: AbortSignal): Promise<Result | StepFailure> {
  const timer = new AbortController();
  const timeout = setTimeout(() => timer.abort(new Error('time is up')), timeoutMs);
  const signal = stop === undefined ? timer.signal : AbortSignal.any([timer.signal, stop]);
  try {
    return await work(signal);
  } catch (error) {
    if (timer.signal.aborted) return stepFailure('timed-out', `it took longer than ${Math.round(timeoutMs / 1000)} s; raise the step’s timeout or see its output on the host`);
    if (stop?.aborted === true) return stepFailure('stopped-by-person', 'it was told to stop');
    if (isDiskFull(error)) return stepFailure('disk-full', `${error.message}; free space and start again`);
    const { code, message } = error as NodeJS.ErrnoException;
    return stepFailure('internal-error', `${code ?? 'error'}: ${message}`);
  } finally {
    clearTimeout(timeout);
  }
}

/** It was stopped as it brought about itself: nothing is journaled of it. */
export const STOPPED = { ok: false, stopped: true } as const;

export type StepEnd = StepResult | typeof STOPPED;

export function isStopped(end: StepEnd): end is typeof STOPPED {
  return 'stopped' in end;
}

/** As guarded, for a call that may end by rejecting with the reason of `stop`. */
export async function guardedUntil(stop: AbortSignal, work: (signal: AbortSignal) => Promise<StepResult>, timeoutMs: number): Promise<StepEnd> {
  return await guarded(async (signal): Promise<StepEnd> => {
    try {
      return await work(signal);
    } catch (error) {
      if (stop.aborted && error === stop.reason) return STOPPED;
      throw error;
    }
  }, timeoutMs);
}
