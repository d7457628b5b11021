import type { NodeName } from '../../shared/domain/ids.ts';
import { isOver } from './assignment-progress.ts';
import { isPrepared, isUnderWay, reportedProgress } from './reported-progress.ts';
import type { Assigned, RolloutState } from './rollout.ts';
import { isReachable } from './unavailable.ts';
import type { World } from './world.ts';

/**
 * How far an assignment has come, as far as recalling it goes.
 *
 * loose       no slot and no permit: it cannot begin. `recallable` where an agent that has it can be told to drop it
 * outstanding may begin at any moment, and has neither begun nor been recalled as far as anybody knows (I7)
 * under-way   begun and not over; `stuck` where it waits for a person
 * over        the rollout has yet to take the report in
 */
export type Standing =
  | { readonly kind: 'loose'; readonly recallable: boolean }
  | { readonly kind: 'outstanding' }
  | { readonly kind: 'under-way'; readonly stuck: boolean }
  | { readonly kind: 'over' };

export function standingOf(world: World, rollout: RolloutState, name: NodeName, node: Assigned): Standing {
  const view = world.nodes.get(name);
  const progress = view === undefined ? null : reportedProgress(view, rollout.id, node);
  if (progress !== null && isOver(progress)) return { kind: 'over' };
  if (progress !== null && isUnderWay(progress)) return { kind: 'under-way', stuck: progress.state === 'needs-a-person' };
  if (node.permitIssued || progress?.state === 'permitted' || world.ledger.slots.get(name)?.generation === node.generation) return { kind: 'outstanding' };
  return { kind: 'loose', recallable: view !== undefined && progress !== null && isReachable(view) && isPrepared(view, progress) };
}

export function* assignedNodes(rollout: RolloutState): Generator<readonly [NodeName, Assigned]> {
  for (const [name, node] of rollout.nodes) {
    if (node.state === 'assigned') yield [name, node];
  }
}
