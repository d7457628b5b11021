import type { RolloutId } from '../../shared/domain/ids.ts';
import type { AssignmentProgress } from './assignment-progress.ts';
import type { Decision } from './decision.ts';
import { isPrepared } from './reported-progress.ts';
import { isLiving, type RolloutState } from './rollout.ts';
import { isReachable } from './unavailable.ts';
import type { World } from './world.ts';

/** Assignments that lie on hosts and that no living rollout knows: of rollouts that are over, or that the store lost. */
export function recallLeftovers(world: World, rollouts: ReadonlyMap<RolloutId, RolloutState>): readonly Decision[] {
  const decisions: Decision[] = [];
  for (const [node, view] of world.nodes) {
    if (!isReachable(view)) continue;
    for (const progress of view.journal.assignments.values()) {
      if (!isPrepared(view, progress) || isOwned(rollouts, node, progress)) continue;
      decisions.push({ kind: 'recall', rollout: progress.rollout, node, generation: progress.generation });
    }
  }
  return decisions;
}

function isOwned(rollouts: ReadonlyMap<RolloutId, RolloutState>, name: string, { rollout: id, generation, digest }: AssignmentProgress): boolean {
  const rollout = rollouts.get(id);
  if (rollout === undefined || !isLiving(rollout)) return false;
  const node = rollout.nodes.get(name);
  return node?.state === 'assigned' && node.generation === generation && (node.digest === digest || digest === '');
}
