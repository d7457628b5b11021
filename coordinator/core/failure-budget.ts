import type { NodeName } from '../../shared/domain/ids.ts';
import { reportedProgress } from './reported-progress.ts';
import type { RolloutNode, RolloutState } from './rollout.ts';
import { isCanary } from './wave-tally.ts';
import type { World } from './world.ts';

/** More nodes failed than the plan lets, and than a person has seen. */
export interface Overspent {
  readonly failed: readonly NodeName[];
  readonly limit: number;
  readonly inCanary: boolean;
}

/** What has failed for good: the rollout is held, or brought back. */
export function overspent(rollout: RolloutState): Overspent | null {
  return countedBy(rollout, (_, node) => hasFailed(node));
}

/** I7: no slot, and no permit that is not begun, once those that will have failed are one too many as well. */
export function overspentSoon(world: World, rollout: RolloutState): Overspent | null {
  return countedBy(rollout, (name, node) => hasFailed(node) || failingSince(world, rollout, name) !== null);
}

/** It reverted, refused or is stuck. */
export function hasFailed(node: RolloutNode): boolean {
  if (node.state === 'assigned') return node.stuck;
  return node.state === 'ended' && node.end.state !== 'done';
}

/** Since when it can hardly end well: its host puts back what it did, or it could not be drained. Null for any other. */
export function failingSince(world: World, rollout: RolloutState, name: NodeName): number | null {
  const node = rollout.nodes.get(name);
  const view = world.nodes.get(name);
  if (node?.state !== 'assigned' || view === undefined) return null;
  const progress = reportedProgress(view, rollout.id, node);
  if (progress?.state === 'reverting') return progress.sinceUnixMs;
  return node.givenUp === null ? null : node.sinceUnixMs;
}

function countedBy(rollout: RolloutState, fails: (name: NodeName, node: RolloutNode) => boolean): Overspent | null {
  const { frozen, failuresSeen } = rollout;
  const failed = [...rollout.nodes].flatMap(([name, node]) => (fails(name, node) ? [name] : []));
  // Failures that a person has seen, by resuming, stop nothing any more; the next one does.
  if (failed.length <= failuresSeen) return null;
  // I3: nothing follows a failed canary, whatever maxFailures says, however late it failed.
  const canary = frozen.waves.find((wave) => isCanary(rollout, wave));
  const inCanary = canary !== undefined && canary.nodes.filter((name) => failed.includes(name)).length > failuresSeen;
  const limit = inCanary ? 0 : frozen.plan.maxFailures;
  return failed.length > limit ? { failed, limit, inCanary } : null;
}
