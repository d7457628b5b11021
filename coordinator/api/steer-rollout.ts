import { canRollBack } from '../core/apply-rollout-event.ts';
import { laterUpgrade } from '../core/changes-versions.ts';
import type { RolloutEventBody } from '../core/rollout-event.ts';
import type { RolloutState } from '../core/rollout.ts';
import { hasDone } from '../core/settle-end.ts';
import { failedWave } from '../core/wave-tally.ts';
import type { World } from '../core/world.ts';
import { badRequest, refused } from './api-error.ts';

/**
 * What a person's command means for a rollout as it stands. Asking again for what already holds changes nothing.
 * @returns the event to append, or null. @throws ApiError where the command makes no sense in this state.
 */
export function steer(fleet: Pick<World, 'rollouts' | 'nodes'>, rollout: RolloutState, steering: string, by: string, why: string): RolloutEventBody | null {
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
      assertCanGoOn(rollout);
      return { type: 'resumed', by };
    case 'STEERING_ABORT':
      return status.state === 'aborting' ? null : { type: 'aborted', by, why };
    case 'STEERING_ROLLBACK':
      if (status.state === 'rolling-back') return null;
      if (rollout.frozen.rollbackOf !== null) throw refused(`rollout ${id} is itself a rollback; start the plan again to go forward`);
      assertCanGoBack(fleet, rollout);
      return { type: 'rollback-asked', by, why };
    default:
      throw badRequest(`unknown command ${steering}; this coordinator may be older than the CLI`);
  }
}

/** A resumed rollout whose wave is lost would only end. @throws ApiError */
function assertCanGoOn(rollout: RolloutState): void {
  const wave = failedWave(rollout);
  if (wave === null) return;
  throw refused(`wave ${wave.name} of rollout ${rollout.id} cannot complete any more: \`farrier rollout rollback ${rollout.id}\` or \`abort\`, mend what failed, and start the plan again`);
}

/** What a rollback would make would be worse than what it finds. @throws ApiError */
function assertCanGoBack({ rollouts, nodes }: Pick<World, 'rollouts' | 'nodes'>, rollout: RolloutState): void {
  const later = laterUpgrade(rollouts.values(), rollout, (node) => nodes.get(node)?.record.cluster ?? '');
  if (later !== null) throw refused(`rollout ${later} has since taken a cluster of ${rollout.id} further, where what ran before may be too old; bring that one back first`);
  const { status, frozen } = rollout;
  if (status.state !== 'ended' || hasDone(rollout) || frozen.noReturn.length === 0) return;
  throw refused(`nothing of rollout ${rollout.id} can be brought back: ${frozen.noReturn.join(', ')} are past their point of no return`);
}
