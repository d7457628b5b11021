import { canRollBack } from '../core/apply-rollout-event.ts';
import type { RolloutEventBody } from '../core/rollout-event.ts';
import type { RolloutState } from '../core/rollout.ts';
import { badRequest, refused } from './api-error.ts';

/**
 * What a person's command means for a rollout as it stands. Asking again for what already holds changes nothing.
 * @returns the event to append, or null. @throws ApiError where the command makes no sense in this state.
 */
export function steer(rollout: RolloutState, steering: string, by: string, why: string): RolloutEventBody | null {
  const { status, id } = rollout;
  if (status.state === 'ended' && !(steering === 'STEERING_ROLLBACK' && canRollBack(rollout))) {
    throw refused(`rollout ${id} is over (${status.status}); start another`);
  }
  switch (steering) {
    case 'STEERING_PAUSE':
      if (status.state === 'paused') return null;
      if (status.state !== 'running') throw refused(`rollout ${id} is ${status.state} and grants no slots any more`);
      return { type: 'paused', by, reason: 'paused-by-person', detail: why };
    case 'STEERING_RESUME':
      if (status.state === 'running') return null;
      if (status.state !== 'paused') throw refused(`rollout ${id} is ${status.state} and cannot go on; start another`);
      return { type: 'resumed', by };
    case 'STEERING_ABORT':
      return status.state === 'aborting' ? null : { type: 'aborted', by, why };
    case 'STEERING_ROLLBACK':
      if (status.state === 'rolling-back') return null;
      if (rollout.frozen.rollbackOf !== null) throw refused(`rollout ${id} is itself a rollback; start the plan again to go forward`);
      return { type: 'rollback-asked', by, why };
    default:
      throw badRequest(`unknown command ${steering}; this coordinator may be older than the CLI`);
  }
}
