import type { NodeName } from '../../shared/domain/ids.ts';
import type { Reason } from '../../shared/domain/reason.ts';
import type { Slot } from './ledger-event.ts';
import { holdsAll } from './node-journal.ts';
import { type Rules, SAFE_RULES } from './rules.ts';
import type { NodeView, Now, World } from './world.ts';

/**
 * Why a node counts as unavailable (DESIGN 4a), or null. All that is known is counted at its worst: a host of which
 * nothing was heard since the coordinator started may be in the middle of anything.
 *
 * @param slots those to count; by default the ledger's. A decision passes what it is about to append.
 */
export function unavailableReason(
  world: World,
  now: Now,
  view: NodeView,
  slots: ReadonlyMap<NodeName, Slot> = world.ledger.slots,
  rules: Rules = SAFE_RULES,
): Reason | null {
  if (slots.has(view.record.name)) return 'holds-slot';
  if (!view.record.approved) return 'pending-approval';
  const { session, cluster } = view;
  if (rules.countsUnreported && !hasReported(view)) return 'not-reported';
  if (session.state === 'lost' && now.monotonicMs - session.sinceMonotonicMs > world.policy.lostAfterMs) return 'session-lost';
  if (cluster !== null && cluster.unschedulable) return 'cordoned-by-person';
  if (world.cordons?.has(view.record.name) === true) return 'orphan-cordon';
  if (cluster !== null && !cluster.ready) return 'cluster-not-ready';
  return cluster?.silent === true ? 'cluster-silent' : null;
}

/**
 * All that the host had done by its last hello is known. A session that broke off before the agent had told everything
 * leaves the node as unknown as it was before.
 */
function hasReported({ session, journal }: NodeView): boolean {
  if (session.state === 'silent') return false;
  return session.state === 'connected' ? session.reported : holdsAll(journal, session.hello);
}

/** Commands reach it, and all that it did is known. */
export function isReachable(view: NodeView): boolean {
  return view.record.approved && view.session.state === 'connected' && view.session.reported;
}

/**
 * Away for so long, without a slot, that the fleet and the rollouts go on without it. It still counts in its cluster
 * and zone. A node that has not reported is no such node: what the store says of it may be older than what was done to
 * it, so only a person can count it out.
 */
export function isCountedOut(world: World, now: Now, view: NodeView, slots: ReadonlyMap<NodeName, Slot> = world.ledger.slots): boolean {
  const { record, session } = view;
  if (slots.has(record.name) || session.state === 'connected') return false;
  if (world.ledger.forgotten.get(record.name)?.gone === true) return true;
  return hasReported(view) && isAwayForLong(world, now, view);
}

/** The rollouts need not wait for its turn. */
export function isAwayForLong(world: World, now: Now, view: NodeView): boolean {
  return view.session.state !== 'connected' && now.monotonicMs - view.session.sinceMonotonicMs > world.policy.deferAfterMs;
}
