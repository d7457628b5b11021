import { assignedNodes, standingOf } from './standing.ts';
import type { NodeEventBody } from './rollout-event.ts';
import type { RolloutState } from './rollout.ts';
import { frontier, judgeWave } from './wave-tally.ts';
import type { Now, World } from './world.ts';

/**
 * I7: a rollout that grants no more takes back what has not begun. A pause leaves what is merely staged where it is,
 * since that cannot begin; an abort, a rollback and a wave after which nothing can follow clear the hosts.
 */
export function askRecalls(world: World, _now: Now, rollout: RolloutState): readonly NodeEventBody[] {
  const { state } = rollout.status;
  if (state === 'ended' || (state === 'running' && !hasFailedWave(rollout))) return [];
  const events: NodeEventBody[] = [];
  for (const [name, node] of assignedNodes(rollout)) {
    if (node.recallAsked) continue;
    const standing = standingOf(world, rollout, name, node);
    const isAsked = standing.kind === 'outstanding' || (standing.kind === 'loose' && standing.recallable && state !== 'paused');
    if (isAsked) events.push({ type: 'recall-asked', node: name, generation: node.generation });
  }
  return events;
}

/** Hosts of later waves have an assignment all the same where the store lost that it once had gone further. */
function hasFailedWave(rollout: RolloutState): boolean {
  const wave = frontier(rollout);
  return wave !== null && judgeWave(rollout, wave) === 'failed';
}
