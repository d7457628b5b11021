import type { NodeName } from '../../shared/domain/ids.ts';
import { isOver } from './assignment-progress.ts';
import type { Decision } from './decision.ts';
import { isRestored, NOBODYS } from './draining.ts';
import type { Slot } from './ledger-event.ts';
import { mayBeUnderWay } from './reported-progress.ts';
import { isReachable } from './unavailable.ts';
import type { World } from './world.ts';

/**
 * I9: cordons that have served. Those of slots whose work is over; and those that no slot owns, left by a store that lost its
 * tail or by a call that arrived late, as soon as the agent says that nothing is under way.
 *
 * @param slots as they stand after this tick's returns.
 */
export function restoreCordons(world: World, slots: ReadonlyMap<NodeName, Slot>): readonly Decision[] {
  const decisions: Decision[] = [];
  for (const slot of slots.values()) {
    const { node, rollout, generation } = slot;
    if (isWorkOver(world, slot) && !isRestored(world, slot)) decisions.push({ kind: 'restore', rollout: world.cordons?.get(node)?.rollout ?? rollout, node, generation });
  }
  for (const [node, { rollout }] of world.cordons ?? []) {
    const slot = slots.get(node);
    const isOwned = slot !== undefined && (slot.rollout === rollout || isWorkOver(world, slot));
    if (!isOwned && isIdle(world, node)) decisions.push({ kind: 'restore', rollout, node, generation: NOBODYS });
  }
  return decisions;
}

function isWorkOver(world: World, { node, rollout, generation }: Slot): boolean {
  const progress = world.nodes.get(node)?.journal.assignments.get(generation);
  return progress !== undefined && progress.rollout === rollout && isOver(progress);
}

/** A node that a person removed has no agent any more that could be at work. */
function isIdle(world: World, node: NodeName): boolean {
  const view = world.nodes.get(node);
  if (view === undefined) return true;
  if (!isReachable(view) || view.session.state !== 'connected') return false;
  const { journalId } = view.session.hello;
  return ![...view.journal.assignments.values()].some((progress) => mayBeUnderWay(progress) && progress.journalId === journalId);
}
