import type { NodeName } from '../../shared/domain/ids.ts';
import type { Budget, Scope } from './budget.ts';
import type { Slot } from './ledger-event.ts';
import { reportedProgress } from './reported-progress.ts';
import { unavailableReason } from './unavailable.ts';
import type { Now, World } from './world.ts';

const NO_SLOTS: ReadonlyMap<NodeName, Slot> = new Map();

/**
 * I1 and I2 once more, before the first permit for a slot: begun work that a store forgot, and whatever else came to light
 * since the slot was taken, counts too. Of several that have yet to begin the one that was first goes on, so that none waits
 * for another. A repair takes no unit of I1, as when it got its slot.
 *
 * @returns the limit that leaves no room, or null
 */
export function crowdedOut(world: World, now: Now, budget: Budget, slot: Slot): Scope | null {
  const view = world.nodes.get(slot.node);
  const isRepair = view !== undefined && unavailableReason(world, now, view, NO_SLOTS) !== null;
  const behind = [...world.ledger.slots.values()].filter((other) => isAfter(other, slot) && !mayHaveBegun(world, other));
  const allowsOutage = world.rollouts.get(slot.rollout)?.frozen.plan.allowControlPlaneOutage ?? false;
  return budget.crowdedBy(slot.node, { isRepair, behind: new Set(behind.map(({ node }) => node)), allowsOutage });
}

function isAfter(other: Slot, slot: Slot): boolean {
  return other.takenUnixMs === slot.takenUnixMs ? other.node > slot.node : other.takenUnixMs > slot.takenUnixMs;
}

/** A permit was given for it, or nobody can say that none was. */
function mayHaveBegun(world: World, { node: name, rollout: id, generation }: Slot): boolean {
  const view = world.nodes.get(name);
  const node = world.rollouts.get(id)?.nodes.get(name);
  if (view === undefined || node?.state !== 'assigned' || node.generation !== generation || node.permitIssued) return true;
  const progress = reportedProgress(view, id, node);
  return progress?.state !== 'staged' && progress?.state !== 'accepted';
}
