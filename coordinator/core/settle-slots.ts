import type { NodeName } from '../../shared/domain/ids.ts';
import { type AssignmentProgress, isOver } from './assignment-progress.ts';
import { isRestored } from './draining.ts';
import type { LedgerEvent, Slot, SlotEnd } from './ledger-event.ts';
import { isSeenWorking, mayBeUnderWay } from './reported-progress.ts';
import type { Rules } from './rules.ts';
import type { NodeView, Now, World } from './world.ts';

export interface SettledSlots {
  readonly events: readonly LedgerEvent[];
  /** The slots as they stand after these events. */
  readonly slots: ReadonlyMap<NodeName, Slot>;
}

/**
 * Brings the ledger in line with what hosts report: slots of what is over are returned, begun work that the ledger does
 * not know is counted. It looks at journals and cordons only, so a rollout that is lost, over or held keeps no slot for ever.
 */
export function settleSlots(world: World, now: Now, rules: Rules): SettledSlots {
  const events: LedgerEvent[] = [];
  const slots = new Map(world.ledger.slots);
  const { epoch } = world;
  for (const slot of world.ledger.slots.values()) {
    const cause = endOf(world, now, slot, rules);
    if (cause === null) continue;
    events.push({ type: 'slot-returned', epoch, node: slot.node, generation: slot.generation, cause });
    slots.delete(slot.node);
  }
  for (const [node, view] of world.nodes) {
    // Adopting at once what a time-out has just freed would hide that mutation.
    if (slots.has(node) || rules.slotTimeoutMs !== null) continue;
    const found = findUncounted(world, view);
    if (found === null) continue;
    const slot = slotOf(world, node, found, now);
    events.push({ type: 'slot-adopted', epoch, slot });
    slots.set(node, slot);
  }
  return { events, slots };
}

function endOf(world: World, now: Now, slot: Slot, rules: Rules): SlotEnd | null {
  if (rules.slotTimeoutMs !== null && now.wallUnixMs - slot.takenUnixMs > rules.slotTimeoutMs) return 'refused';
  const progress = world.nodes.get(slot.node)?.journal.assignments.get(slot.generation);
  if (progress === undefined || progress.rollout !== slot.rollout || !isOver(progress)) return null;
  if (rules.slotsWaitForRestores && !isRestored(world, slot) && !isSucceeded(world, slot)) return null;
  if (progress.state === 'done' || progress.state === 'reverted') return progress.state;
  return progress.outcome?.code === 'recalled' ? 'recalled' : 'refused';
}

/** The node is at work for another slot already, which a store forgot: that one is adopted, and the cordon is its own. */
function isSucceeded(world: World, { node, generation }: Slot): boolean {
  const view = world.nodes.get(node);
  const found = view === undefined ? null : findUncounted(world, view);
  return found !== null && found.generation > generation;
}

/** A person's word that a host is gone stands until the host is seen working again. */
function findUncounted(world: World, view: NodeView): AssignmentProgress | null {
  const forgotten = world.ledger.forgotten.get(view.record.name)?.generation ?? 0;
  let newest: AssignmentProgress | null = null;
  for (const progress of view.journal.assignments.values()) {
    if (!mayBeUnderWay(progress) || (newest !== null && newest.generation > progress.generation)) continue;
    if (progress.generation <= forgotten && !isSeenWorking(view, progress)) continue;
    newest = progress;
  }
  return newest;
}

function slotOf(world: World, node: NodeName, { rollout, generation }: AssignmentProgress, now: Now): Slot {
  const frozen = world.rollouts.get(rollout)?.frozen;
  const waves = frozen?.waves ?? [];
  const wave = waves.find(({ nodes }) => nodes.includes(node))?.name ?? '';
  return { node, rollout, wave, generation, takenUnixMs: now.wallUnixMs, ...(frozen?.restore === undefined ? {} : { restore: true as const }) };
}
