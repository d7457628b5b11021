import type { NodeName } from '../../shared/domain/ids.ts';
import type { FrozenPlan, Target } from '../../shared/domain/plan.ts';
import { resolveShare } from '../../shared/domain/resolve-share.ts';
import { digestOf } from '../../shared/wire/digest-of.ts';
import { encodeRevertOf } from '../../shared/wire/revert-codec.ts';
import type { RolloutState } from '../core/rollout.ts';
import { canBringBack } from '../core/settle-end.ts';

/**
 * A rollout that brings the nodes that are done back to what they ran before: waves in reverse order, the same limits.
 * It has no failure budget to spend and pauses at the first node that cannot go back.
 */
export function freezeRollback(of: RolloutState): FrozenPlan {
  const targets: Record<NodeName, Target> = {};
  for (const [name, node] of of.nodes) {
    const target = of.frozen.targets[name];
    if (!canBringBack(of, name) || target === undefined) continue;
    const reverted = { rollout: of.id, generation: node.generation, digest: target.digest };
    targets[name] = { kind: 'revert', digest: digestOf(encodeRevertOf(reverted)), of: reverted };
  }
  const waves = of.frozen.waves
    .map((wave) => ({ ...wave, soakMs: 0, needsAll: false, nodes: wave.nodes.filter((node) => Object.hasOwn(targets, node)) }))
    .filter((wave) => wave.nodes.length > 0)
    .toReversed();
  const plan = { ...of.frozen.plan, name: `${of.frozen.plan.name}-back`, maxFailures: 0, onFailure: 'pause' as const };
  const count = Object.keys(targets).length;
  return {
    ...{ plan, waves, sequences: {}, targets, maxUnavailable: resolveShare(plan.maxUnavailable, count) },
    ...{ controlPlanes: of.frozen.controlPlanes, satisfied: [], noReturn: [], drained: of.frozen.drained.filter((node) => Object.hasOwn(targets, node)), rollbackOf: of.id, chain: null },
  };
}
