import type { NodeName } from '../../shared/domain/ids.ts';
import type { Outcome } from '../../shared/domain/journal-record.ts';
import { describeDrain } from './describe-drain.ts';
import { nextBeforePermit } from './draining.ts';
import type { NodeEventBody } from './rollout-event.ts';
import type { Assigned, RolloutState } from './rollout.ts';
import { assignedNodes, standingOf } from './standing.ts';
import type { Now, World } from './world.ts';

/**
 * A drain that takes longer than its plan allows is given up, and never forced: the assignment is recalled, and when the agent
 * has acknowledged that, the node counts as failed and its cordon is restored. Each leader counts the time anew.
 */
export function giveUpDrains(world: World, now: Now, rollout: RolloutState): readonly NodeEventBody[] {
  if (rollout.status.state !== 'running') return [];
  return [...assignedNodes(rollout)].flatMap(([name, node]): readonly NodeEventBody[] => {
    if (node.recallAsked || !isTooLong(world, now, rollout, name, node)) return [];
    return [{ type: 'drain-given-up', node: name, generation: node.generation, outcome: outcomeOf(world, name, node) }];
  });
}

function isTooLong(world: World, now: Now, rollout: RolloutState, name: NodeName, node: Assigned): boolean {
  const drain = world.nodes.get(name)?.drain;
  if (drain?.generation !== node.generation || now.monotonicMs - drain.sinceMonotonicMs <= rollout.frozen.plan.drainTimeoutMs) return false;
  return standingOf(world, rollout, name, node).kind === 'outstanding' && nextBeforePermit(world, rollout, name, node.generation) !== 'permit';
}

function outcomeOf(world: World, name: NodeName, { generation }: Assigned): Outcome {
  const { object, detail } = describeDrain(world, name, generation);
  return { code: 'drain-given-up', message: detail, object };
}
