import type { Epoch, Generation, NodeName, RolloutId, WaveName } from '../../shared/domain/ids.ts';

/**
 * The one log that grants. Every event carries the epoch of the leader that appended it; the store's
 * compare-and-swap and the first event of each leader make a deposed leader's append fail.
 */
export type LedgerEvent =
  | { readonly type: 'leader'; readonly epoch: Epoch; readonly holder: string; readonly wallUnixMs: number }
  /** All slots of one tick, for every rollout and scope, in one append. */
  | { readonly type: 'slots-taken'; readonly epoch: Epoch; readonly slots: readonly Slot[] }
  | { readonly type: 'slot-returned'; readonly epoch: Epoch; readonly node: NodeName; readonly generation: Generation; readonly cause: SlotEnd }
  /** A host reports begun work that this ledger does not know: the store lost its tail. It is counted from here on. */
  | { readonly type: 'slot-adopted'; readonly epoch: Epoch; readonly slot: Slot }
  | { readonly type: 'slot-forgotten'; readonly epoch: Epoch; readonly node: NodeName; readonly by: string; readonly why: string };

export interface Slot {
  readonly node: NodeName;
  readonly rollout: RolloutId;
  readonly wave: WaveName;
  readonly generation: Generation;
  readonly takenUnixMs: number;
  /** Of a restore that an admin ordered: neither I1 nor I2 bound it. */
  readonly restore?: true;
}

export type SlotEnd = 'done' | 'reverted' | 'refused' | 'recalled';
