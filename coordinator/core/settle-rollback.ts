import type { RolloutEventBody } from './rollout-event.ts';
import { isLiving, type RolloutState } from './rollout.ts';
import type { Now, World } from './world.ts';

/**
 * A coordinator that was killed between the two appends of `start-rollback` leaves a rollback that its rollout does not
 * know. It is found here; a second one would bring the same nodes back twice.
 */
export function settleRollback(world: World, _now: Now, rollout: RolloutState): readonly RolloutEventBody[] {
  if (rollout.status.state !== 'rolling-back' || rollout.status.rollback !== null) return [];
  for (const other of world.rollouts.values()) {
    if (other.frozen.rollbackOf === rollout.id && isLiving(other)) return [{ type: 'rollback-started', rollback: other.id }];
  }
  return [];
}
