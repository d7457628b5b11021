import type { Epoch, Generation, NodeName } from '../../shared/domain/ids.ts';
import type { LedgerEvent, Slot } from './ledger-event.ts';

/** The ledger folded: who holds a slot. Time never frees one. */
export interface LedgerState {
  readonly sequence: number;
  readonly epoch: Epoch;
  readonly slots: ReadonlyMap<NodeName, Slot>;
  /** What people said about hosts that will not answer any more. */
  readonly forgotten: ReadonlyMap<NodeName, Forgotten>;
}

export interface Forgotten {
  /** The slot of this generation was given up; 0 where the node held none. */
  readonly generation: Generation;
  /** The node has taken no slot since: while it stays away, nobody counts on it. */
  readonly gone: boolean;
}

export function emptyLedger(): LedgerState {
  return { sequence: 0, epoch: 0, slots: new Map(), forgotten: new Map() };
}

/**
 * Applies one event of the ledger's stream.
 *
 * @throws where the log breaks a promise of the store or of decide(): a hole, an epoch that does not lead, a slot taken
 *   twice. Compare-and-swap should have made each of them impossible, so it is a bug and nothing may go on from it.
 */
export function evolveLedger(state: LedgerState, sequence: number, event: LedgerEvent): LedgerState {
  if (sequence !== state.sequence + 1) throw new Error(`ledger event ${sequence} follows ${state.sequence}`);
  if (event.type === 'leader') {
    if (event.epoch <= state.epoch) throw new Error(`leader of epoch ${event.epoch} follows epoch ${state.epoch} in the ledger`);
    return { ...state, sequence, epoch: event.epoch };
  }
  if (event.epoch !== state.epoch) throw new Error(`${event.type} of epoch ${event.epoch} in epoch ${state.epoch} of the ledger`);
  return { ...state, sequence, ...evolveSlots(state, event) };
}

function evolveSlots(state: LedgerState, event: Exclude<LedgerEvent, { readonly type: 'leader' }>): Pick<LedgerState, 'slots' | 'forgotten'> {
  const slots = new Map(state.slots);
  const forgotten = new Map(state.forgotten);
  switch (event.type) {
    case 'slots-taken':
      for (const slot of event.slots) take(slots, forgotten, slot);
      break;
    case 'slot-adopted':
      take(slots, forgotten, event.slot);
      break;
    case 'slot-returned': {
      const held = slots.get(event.node);
      if (held === undefined) throw new Error(`${event.node} returned a slot that it does not hold`);
      // A return of another generation speaks of a slot that is long over: the one held now stays taken.
      if (held.generation === event.generation) slots.delete(event.node);
      break;
    }
    case 'slot-forgotten':
      forgotten.set(event.node, { generation: slots.get(event.node)?.generation ?? 0, gone: true });
      slots.delete(event.node);
      break;
  }
  return { slots, forgotten };
}

function take(slots: Map<NodeName, Slot>, forgotten: Map<NodeName, Forgotten>, slot: Slot): void {
  const held = slots.get(slot.node);
  if (held !== undefined) throw new Error(`${slot.node} took a slot twice: generations ${held.generation} and ${slot.generation}`);
  slots.set(slot.node, slot);
  const said = forgotten.get(slot.node);
  if (said !== undefined) forgotten.set(slot.node, { ...said, gone: false });
}
