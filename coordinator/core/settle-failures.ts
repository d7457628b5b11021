import type { NodeName } from '../../shared/domain/ids.ts';
import { FARRIER, type RolloutEventBody } from './rollout-event.ts';
import type { RolloutNode, RolloutState } from './rollout.ts';
import { frontier, isCanary, judgeWave, tallyWave } from './wave-tally.ts';
import type { Now, World } from './world.ts';

const NODES_NAMED_MAX = 3;

/** Holds a running rollout, or asks for its rollback, when more nodes failed than it may lose or a wave cannot complete. */
export function settleFailures(_world: World, _now: Now, rollout: RolloutState): readonly RolloutEventBody[] {
  // Failures that a person has seen, by resuming, stop nothing any more; the next one does.
  if (rollout.status.state !== 'running' || rollout.failures <= rollout.failuresSeen) return [];
  const detail = tooManyFailed(rollout) ?? waveCannotComplete(rollout);
  if (detail === null) return [];
  // A rollback is never rolled back: that would bring the failing target again.
  if (rollout.frozen.plan.onFailure === 'rollback' && rollout.frozen.rollbackOf === null) return [{ type: 'rollback-asked', by: FARRIER, why: detail }];
  return [{ type: 'paused', by: FARRIER, reason: 'failure-budget-spent', detail }];
}

function tooManyFailed(rollout: RolloutState): string | null {
  // I3: nothing follows a failed canary, whatever maxFailures says, however late it failed.
  const canary = rollout.frozen.waves.find((wave) => isCanary(rollout, wave));
  const canaryFailed = canary !== undefined && canary.nodes.filter((name) => hasFailed(rollout.nodes.get(name))).length > rollout.failuresSeen;
  const limit = canaryFailed ? 0 : rollout.frozen.plan.maxFailures;
  if (rollout.failures <= limit) return null;
  return `${rollout.failures} failed (${namesOfFailed(rollout)}); ${canaryFailed ? 'none may in the canary wave' : `maxFailures is ${limit}`}`;
}

function waveCannotComplete(rollout: RolloutState): string | null {
  const wave = frontier(rollout);
  // After the last wave there is nothing left to hold: the rollout ends as failed.
  if (wave === null || wave.name === rollout.frozen.waves.at(-1)?.name || judgeWave(rollout, wave) !== 'failed') return null;
  const { done, failed } = tallyWave(rollout, wave);
  return `wave ${wave.name} cannot complete: ${done} of ${done + failed} nodes are done, minDonePercent is ${rollout.frozen.plan.minDonePercent}`;
}

function namesOfFailed(rollout: RolloutState): string {
  const failed = [...rollout.nodes].flatMap(([name, node]) => describeFailure(name, node));
  return [...failed.slice(0, NODES_NAMED_MAX), ...(failed.length > NODES_NAMED_MAX ? ['...'] : [])].join(', ');
}

function hasFailed(node: RolloutNode | undefined): boolean {
  return node !== undefined && describeFailure('', node).length > 0;
}

function describeFailure(name: NodeName, node: RolloutNode): string[] {
  if (node.state === 'assigned') return node.stuck ? [`${name} needs-a-person`] : [];
  if (node.state !== 'ended' || node.end.state === 'done') return [];
  return [`${name} ${node.end.state} ${node.end.outcome.code}`];
}
