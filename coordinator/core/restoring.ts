import type { NodeName, RolloutId } from '../../shared/domain/ids.ts';
import type { Budget } from './budget.ts';
import type { SlotCandidate } from './grant-slots.ts';
import type { Slot } from './ledger-event.ts';
import { isLiving, type RolloutState } from './rollout.ts';
import type { Rules } from './rules.ts';
import type { World } from './world.ts';

/** The clusters whose datastore is being restored, and by which rollout. */
export type Restoring = ReadonlyMap<string, RolloutId>;

export function restoring(rollouts: Iterable<RolloutState>): Restoring {
  return new Map([...rollouts].filter(isLiving).flatMap(({ id, frozen }) => (frozen.restore === undefined ? [] : [[frozen.restore.cluster, id] as const])));
}

/** The restore that keeps every other rollout from slots in this node's cluster; null where there is none. */
export function restoreBeside(world: World, restores: Restoring, node: NodeName, rollout: RolloutId): RolloutId | null {
  const restore = restores.get(world.nodes.get(node)?.record.cluster ?? '') ?? null;
  return restore === rollout ? null : restore;
}

/** A restore that waits, and for whom. */
export type RestoreWait = { readonly kind: 'not-staged' | 'others'; readonly nodes: readonly NodeName[] };

/**
 * All hosts of a restore begin together: each of them waits for the others with its control plane stopped. What keeps them from it;
 * null where they may.
 *
 * @param staged of this rollout, on hosts that answer
 * @param slots as they stand
 */
export function whyRestoreWaits(world: World, rollout: RolloutState, staged: ReadonlySet<NodeName>, slots: ReadonlyMap<NodeName, Slot>, rules: Rules): RestoreWait | null {
  const isReady = (name: NodeName): boolean => {
    const node = rollout.nodes.get(name);
    return staged.has(name) || slots.get(name)?.rollout === rollout.id || (node?.state === 'ended' && node.end.state === 'done');
  };
  const missing = [...rollout.nodes.keys()].filter((name) => !isReady(name));
  if (rules.restoresTakeAllSlots && missing.length > 0) return { kind: 'not-staged', nodes: missing };
  // Nobody knows any more where a removed node stands, and it may still be at work.
  const isBeside = (name: NodeName): boolean => (world.nodes.get(name)?.record.cluster ?? rollout.frozen.restore?.cluster) === rollout.frozen.restore?.cluster;
  const others = [...slots.values()].filter((slot) => slot.rollout !== rollout.id && isBeside(slot.node)).map(({ node }) => node);
  return rules.restoresWaitForOthers && others.length > 0 ? { kind: 'others', nodes: others } : null;
}

/**
 * Slots of restores, all of one rollout in one append, whatever limits say: I1 and I2 bind what Farrier grants on its own, and
 * here an admin typed back what is lost. A cluster that is down, or cordoned, is what a restore is for.
 *
 * @param budget counted down, so that whoever comes after is bound by what is taken here.
 */
export function grantRestores(world: World, rollouts: readonly RolloutState[], candidates: readonly SlotCandidate[], slots: ReadonlyMap<NodeName, Slot>, budget: Budget, rules: Rules): readonly Slot[] {
  return rollouts.flatMap((rollout): readonly Slot[] => {
    if (rollout.frozen.restore === undefined) return [];
    const wanted = candidates.filter(({ slot }) => slot.rollout === rollout.id && !slots.has(slot.node)).map(({ slot }) => slot);
    const staged = new Set(wanted.map(({ node }) => node));
    if (wanted.length === 0 || whyRestoreWaits(world, rollout, staged, slots, rules) !== null) return [];
    for (const node of staged) budget.take(node);
    return wanted.map((slot) => ({ ...slot, restore: true as const }));
  });
}
