import type { NodeName } from '../../shared/domain/ids.ts';
import { overspent } from './failure-budget.ts';
import { FARRIER, type RolloutEventBody } from './rollout-event.ts';
import type { RolloutState } from './rollout.ts';
import { failedWave, tallyWave } from './wave-tally.ts';
import type { Now, World } from './world.ts';

const NODES_NAMED_MAX = 3;

/** Holds a running rollout, or asks for its rollback, when more nodes failed than it may lose or a wave cannot complete. */
export function settleFailures(_world: World, _now: Now, rollout: RolloutState): readonly RolloutEventBody[] {
  if (rollout.status.state !== 'running' || rollout.failures <= rollout.failuresSeen) return [];
  const detail = whyTooManyFailed(rollout);
  if (detail === null) return [];
  // A rollback is never rolled back: that would bring the failing target again.
  if (rollout.frozen.plan.onFailure === 'rollback' && rollout.frozen.rollbackOf === null) return [{ type: 'rollback-asked', by: FARRIER, why: detail }];
  return [{ type: 'paused', by: FARRIER, reason: 'failure-budget-spent', detail }];
}

/** Null where not too many failed, or a person has seen it. */
export function whyTooManyFailed(rollout: RolloutState): string | null {
  return tooManyFailed(rollout) ?? waveCannotComplete(rollout);
}

function tooManyFailed(rollout: RolloutState): string | null {
  const spent = overspent(rollout);
  if (spent === null) return null;
  const { failed, limit, inCanary } = spent;
  return `${failed.length} failed (${describeFailures(rollout, failed)}); ${inCanary ? 'none may in the canary wave' : `maxFailures is ${limit}`}`;
}

function waveCannotComplete(rollout: RolloutState): string | null {
  const wave = failedWave(rollout);
  // After the last wave there is nothing left to hold: the rollout ends as failed.
  if (wave === null || wave.name === rollout.frozen.waves.at(-1)?.name) return null;
  const { done, failed } = tallyWave(rollout, wave);
  return `wave ${wave.name} cannot complete: ${done} of ${done + failed} nodes are done, minDonePercent is ${rollout.frozen.plan.minDonePercent}`;
}

function describeFailures(rollout: RolloutState, failed: readonly NodeName[]): string {
  const named = failed.slice(0, NODES_NAMED_MAX).map((name) => `${name} ${howItFailed(rollout, name)}`);
  return [...named, ...(failed.length > NODES_NAMED_MAX ? ['...'] : [])].join(', ');
}

function howItFailed({ nodes }: RolloutState, name: NodeName): string {
  const node = nodes.get(name);
  return node?.state === 'ended' && node.end.state !== 'done' ? `${node.end.state} ${node.end.outcome.code}` : 'needs-a-person';
}
