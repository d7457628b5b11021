import type { NodeName, RolloutId } from '../../shared/domain/ids.ts';
import type { Reason } from '../../shared/domain/reason.ts';
import { assignedNodes } from './standing.ts';
import { isPrepared, isUnderWay } from './reported-progress.ts';
import { isLiving, type RolloutState } from './rollout.ts';
import type { NodeView, World } from './world.ts';

/** Which living rollout has an assignment on which node. */
export type Owners = ReadonlyMap<NodeName, RolloutId>;

export function ownersOf(rollouts: Iterable<RolloutState>): Map<NodeName, RolloutId> {
  const owners = new Map<NodeName, RolloutId>();
  for (const rollout of rollouts) {
    if (!isLiving(rollout)) continue;
    for (const [name] of assignedNodes(rollout)) owners.set(name, rollout.id);
  }
  return owners;
}

/** Why a node takes no assignment of this rollout now, or null. I5: one assignment a node, over all rollouts. */
export function assignmentBlock(world: World, view: NodeView, rollout: RolloutId, owners: Owners): Reason | null {
  const { record, session } = view;
  if (!record.approved) return 'pending-approval';
  if (session.state === 'lost') return 'session-lost';
  if (session.state === 'silent' || !session.reported) return 'not-reported';
  if (isClockOff(world, view)) return 'clock-off';
  const owner = owners.get(record.name);
  if (owner !== undefined && owner !== rollout) return 'busy-elsewhere';
  if (world.ledger.slots.has(record.name)) return 'holds-slot';
  for (const progress of view.journal.assignments.values()) {
    // What a host left in the middle under a journal that is gone, a person has given up with its slot.
    if (isUnderWay(progress) && progress.journalId === session.hello.journalId) return progress.state === 'needs-a-person' ? 'needs-a-person' : 'holds-slot';
    // Somebody's leftover: it is recalled first.
    if (isPrepared(view, progress)) return 'busy-elsewhere';
  }
  return null;
}

export function isClockOff(world: World, { session }: NodeView): boolean {
  return session.state === 'connected' && Math.abs(session.hello.clockOffsetMs) > world.policy.clockLimitMs;
}
