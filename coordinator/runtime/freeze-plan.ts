import type { Digest, NodeName } from '../../shared/domain/ids.ts';
import type { Chain, FrozenPlan, FrozenWave, Plan, Target } from '../../shared/domain/plan.ts';
import { resolveShare } from '../../shared/domain/resolve-share.ts';
import type { StepSpec } from '../../shared/domain/step-spec.ts';
import type { ComposedStep, Hop } from '../../shared/procedures/composition.ts';
import type { NodeRole } from '../../shared/domain/node-role.ts';
import type { DrainChoice } from '../../shared/procedures/choose-drain.ts';
import { orderWaves } from '../../shared/procedures/order-waves.ts';
import { digestOf } from '../../shared/wire/digest-of.ts';
import { encodeSequence } from '../../shared/wire/sequence-codec.ts';

/** A plan and what was found when the fleet was looked at. */
export interface Resolved {
  readonly plan: Plan;
  /** As the plan writes them, with all selected nodes. */
  readonly waves: readonly FrozenWave[];
  /** At least one. */
  readonly hops: readonly Hop[];
  readonly clusterOf: (node: NodeName) => string;
  /** Empty where it is of no cluster. */
  readonly roleOf: (node: NodeName) => NodeRole;
  readonly controlPlanes: FrozenPlan['controlPlanes'];
  readonly drainOf: (hop: Hop, node: NodeName) => DrainChoice;
}

/**
 * Fixes nodes, numbers, steps and digests at the start of a rollout: later changes of the fleet's labels and facts do not
 * touch it, nor the hops that follow it.
 */
export function freezePlan(resolved: Resolved): FrozenPlan {
  const { hops } = resolved;
  const freezeFrom = (index: number): FrozenPlan | null => {
    const hop = hops[index];
    if (hop === undefined) return null;
    const chain = { hop: index + 1, hops: hops.length, target: hop.target, next: freezeFrom(index + 1) };
    return freezeHop(resolved, hop, hops.length === 1 ? null : chain, index === hops.length - 1);
  };
  const first = freezeFrom(0);
  if (first === null) throw new Error('a plan without a hop was taken as good');
  return first;
}

function freezeHop({ plan, waves, hops, clusterOf, controlPlanes, drainOf }: Resolved, hop: Hop, chain: Chain | null, isLast: boolean): FrozenPlan {
  const ordered = orderWaves(waves, hop, clusterOf, isLast);
  const selected = waves.flatMap(({ nodes }) => nodes);
  const sequences: Record<Digest, readonly StepSpec[]> = {};
  const digests = new Map<readonly ComposedStep[], Digest>();
  const targetOf = (node: NodeName): Target => {
    const composed = hop.steps.get(node) ?? [];
    const steps = composed.map(({ step }) => step);
    // Many nodes share one list: it is encoded once.
    const digest = digests.get(composed) ?? digestOf(encodeSequence(steps));
    digests.set(composed, digest);
    sequences[digest] = steps;
    return { kind: 'sequence', digest };
  };
  const targets = Object.fromEntries(ordered.flatMap(({ nodes }) => nodes).map((node) => [node, targetOf(node)]));
  return {
    ...{ plan, waves: ordered, sequences, targets, controlPlanes, chain },
    maxUnavailable: resolveShare(plan.maxUnavailable, Object.keys(targets).length),
    satisfied: isLast ? selected.filter((node) => hops.every(({ steps }) => !steps.has(node))) : [],
    noReturn: [...hop.noReturn],
    drained: Object.keys(targets).filter((node) => drainOf(hop, node).isDrained),
    rollbackOf: null,
  };
}
