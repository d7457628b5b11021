import { overspentSoon } from './failure-budget.ts';
import type { NodeEventBody } from './rollout-event.ts';
import type { RolloutState } from './rollout.ts';
import { assignedNodes, standingOf } from './standing.ts';
import { failedWave } from './wave-tally.ts';
import type { Now, World } from './world.ts';

/**
 * I7: a rollout that grants no more takes back what has not begun. A pause leaves what is merely staged where it is,
 * since that cannot begin; an abort, a rollback and a wave after which nothing can follow clear the hosts.
 */
export function askRecalls(world: World, _now: Now, rollout: RolloutState): readonly NodeEventBody[] {
  const recalled = whatIsRecalled(world, rollout);
  if (recalled === 'nothing') return [];
  const events: NodeEventBody[] = [];
  for (const [name, node] of assignedNodes(rollout)) {
    if (node.recallAsked) continue;
    const standing = standingOf(world, rollout, name, node);
    const isAsked = standing.kind === 'outstanding' || (standing.kind === 'loose' && standing.recallable && recalled === 'everything');
    if (isAsked) events.push({ type: 'recall-asked', node: name, generation: node.generation });
  }
  return events;
}

function whatIsRecalled(world: World, rollout: RolloutState): 'nothing' | 'outstanding' | 'everything' {
  switch (rollout.status.state) {
    case 'ended':
      return 'nothing';
    case 'paused':
      return 'outstanding';
    case 'aborting':
    case 'rolling-back':
      return 'everything';
    case 'running':
      // Hosts of later waves have an assignment all the same where the store lost that it once had gone further.
      if (failedWave(rollout) !== null) return 'everything';
      return overspentSoon(world, rollout) === null ? 'nothing' : 'outstanding';
  }
}
