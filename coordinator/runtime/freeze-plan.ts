import type { FrozenPlan, FrozenWave, Plan, Target } from '../../shared/domain/plan.ts';
import { resolveShare } from '../../shared/domain/resolve-share.ts';
import { digestOf } from '../../shared/wire/digest-of.ts';
import { encodeSequence } from '../../shared/wire/sequence-codec.ts';

/** Fixes nodes, numbers and digests at the start of a rollout: later changes of the fleet's labels do not touch it. */
export function freezePlan(plan: Plan, waves: readonly FrozenWave[]): FrozenPlan {
  const nodes = waves.flatMap((wave) => wave.nodes);
  const digest = digestOf(encodeSequence(plan.steps));
  const target: Target = { kind: 'sequence', digest };
  return {
    plan,
    waves,
    maxUnavailable: resolveShare(plan.maxUnavailable, nodes.length),
    sequences: { [digest]: plan.steps },
    targets: Object.fromEntries(nodes.map((node) => [node, target])),
    rollbackOf: null,
  };
}
