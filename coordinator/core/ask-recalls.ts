import { assignedNodes, standingOf } from './standing.ts';
import type { NodeEventBody } from './rollout-event.ts';
import type { RolloutState } from './rollout.ts';
import type { Now, World } from './world.ts';

/**
 * I7: a rollout that grants no more takes back what has not begun. A pause leaves what is merely staged where it is,
 * since that cannot begin; an abort and a rollback clear the hosts.
 */
export function askRecalls(world: World, _now: Now, rollout: RolloutState): readonly NodeEventBody[] {
  const { state } = rollout.status;
  if (state === 'running' || state === 'ended') return [];
  const events: NodeEventBody[] = [];
  for (const [name, node] of assignedNodes(rollout)) {
    if (node.recallAsked) continue;
    const standing = standingOf(world, rollout, name, node);
    const isAsked = standing.kind === 'outstanding' || (standing.kind === 'loose' && standing.recallable && state !== 'paused');
    if (isAsked) events.push({ type: 'recall-asked', node: name, generation: node.generation });
  }
  return events;
}
