import type { NodeName } from '../../shared/domain/ids.ts';
import { assignmentBlock, type Owners } from './assignment-block.ts';
import { assignedNodes, standingOf } from './standing.ts';
import { holdsDrainedNode } from './draining.ts';
import type { RolloutEventBody } from './rollout-event.ts';
import type { RolloutState } from './rollout.ts';
import { failedWave, frontier } from './wave-tally.ts';
import type { Now, World } from './world.ts';

type Ended = Extract<RolloutEventBody, { readonly type: 'ended' }>['status'];

const NOBODY: Owners = new Map();

/** Ends a rollout that has nothing left to do and nothing left on any host. */
export function settleEnd(world: World, _now: Now, rollout: RolloutState): readonly RolloutEventBody[] {
  // I9: as long as a node of it may be cordoned, somebody living owns the cordon.
  const status = holdsDrainedNode(world, rollout) ? null : endOf(world, rollout);
  return status === null ? [] : [{ type: 'ended', status }];
}

function endOf(world: World, rollout: RolloutState): Ended | null {
  switch (rollout.status.state) {
    case 'running':
      return endOfRunning(world, rollout);
    case 'aborting':
      return isClear(world, rollout) ? 'aborted' : null;
    case 'rolling-back':
      return endOfRollback(world, rollout, rollout.status.rollback);
    case 'paused':
    case 'ended':
      return null;
  }
}

function endOfRunning(world: World, rollout: RolloutState): Ended | null {
  if (frontier(rollout) === null || !assignedNodes(rollout).next().done) return null;
  if (failedWave(rollout) !== null) return 'failed';
  if (rollout.frozen.waves.some(({ name }) => rollout.waves.get(name)?.state !== 'complete') || isAnyoneToCome(world, rollout)) return null;
  const ended = [...rollout.nodes.values()].filter((node) => node.state === 'ended');
  const done = ended.filter((node) => node.end.state === 'done').length;
  const { maxFailures, minDonePercent } = rollout.frozen.plan;
  const isGood = done > 0 && rollout.failures <= maxFailures && done * 100 >= minDonePercent * ended.length;
  return isGood ? 'completed' : 'failed';
}

/** A node that came back after its wave had gone on without it is caught up before the end. */
function isAnyoneToCome(world: World, rollout: RolloutState): boolean {
  return [...rollout.nodes].some(([name, node]) => {
    if (node.state === 'waiting') return true;
    const view = world.nodes.get(name);
    return node.state === 'deferred' && view !== undefined && assignmentBlock(world, view, rollout.id, NOBODY) === null;
  });
}

function endOfRollback(world: World, rollout: RolloutState, rollback: string | null): Ended | null {
  if (!isClear(world, rollout)) return null;
  if (rollback === null) return hasDone(rollout) ? null : 'rolled-back';
  return world.rollouts.get(rollback)?.status.state === 'ended' ? 'rolled-back' : null;
}

/** Nothing of it is on any host that could tell, and nothing could begin or is begun. */
export function isClear(world: World, rollout: RolloutState): boolean {
  for (const [name, node] of assignedNodes(rollout)) {
    const standing = standingOf(world, rollout, name, node);
    if (standing.kind !== 'loose' || standing.recallable) return false;
  }
  return true;
}

/** A rollback has something to bring back. */
export function hasDone(rollout: RolloutState): boolean {
  return [...rollout.nodes.keys()].some((name) => canBringBack(rollout, name));
}

/** It is done, and not past a point of no return: such a node stays as it is, whatever becomes of the others. */
export function canBringBack({ nodes, frozen }: RolloutState, name: NodeName): boolean {
  const node = nodes.get(name);
  return node?.state === 'ended' && node.end.state === 'done' && !frozen.noReturn.includes(name);
}
