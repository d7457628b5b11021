import type { Reason } from '../../shared/domain/reason.ts';
import { whyTooManyFailed } from './settle-failures.ts';
import { hasDone } from './settle-end.ts';
import type { RolloutState, RolloutStatus } from './rollout.ts';
import { failedWave } from './wave-tally.ts';

/** Why a rollout as a whole does not go on. */
export interface StatusCause {
  readonly reason: Reason;
  readonly detail: string;
  /** Null where the log does not say. */
  readonly sinceUnixMs: number | null;
}

/** As it stands now: since it was held, more may have failed, and a wave become hopeless. Null where it goes on. */
export function statusCause(rollout: RolloutState): StatusCause | null {
  const { status } = rollout;
  switch (status.state) {
    case 'running':
      return null;
    case 'paused':
      return { ...whyPaused(rollout, status), sinceUnixMs: status.sinceUnixMs };
    case 'aborting':
      return { reason: 'aborted', detail: status.why, sinceUnixMs: null };
    case 'rolling-back':
      return { reason: status.rollback !== null || hasDone(rollout) ? 'rolled-back' : 'nothing-to-bring-back', detail: status.why, sinceUnixMs: null };
    case 'ended':
      return { reason: status.status === 'aborted' ? 'aborted' : 'rollout-over', detail: status.status === 'aborted' ? '' : status.status, sinceUnixMs: status.atUnixMs };
  }
}

function whyPaused(rollout: RolloutState, { reason, detail }: Extract<RolloutStatus, { readonly state: 'paused' }>): Omit<StatusCause, 'sinceUnixMs'> {
  const now = reason === 'failure-budget-spent' ? (whyTooManyFailed(rollout) ?? detail) : detail;
  // Whoever resumed it would only end it.
  return { reason: failedWave(rollout) === null ? reason : 'wave-failed', detail: now };
}
