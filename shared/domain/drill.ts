import type { NodeName } from './ids.ts';
import type { ProofPhase } from './proof-record.ts';
import type { SnapshotId } from './snapshot.ts';

/** The newest copy that lies off its host was fetched, opened, restored, started and compared: what a loss would cost. */
export interface DrillRecord {
  readonly cluster: string;
  readonly beganUnixMs: number;
  /** Who asked for it; `farrier` where the schedule did. */
  readonly by: string;
  readonly end: DrillEnd;
}

export type DrillEnd =
  | {
      readonly ok: true;
      readonly snapshot: SnapshotId;
      readonly prover: NodeName;
      /** Until the sealed bytes were on the prover. */
      readonly fetchMs: number;
      readonly phasesMs: Readonly<Record<ProofPhase, number>>;
      /** All of it: how long a restore takes at least. */
      readonly rtoMs: number;
      /** How long before the drill began the snapshot was taken: what would have been lost. */
      readonly rpoMs: number;
    }
  | { readonly ok: false; readonly code: DrillCode; readonly message: string };

/**
 * no-copy    no snapshot of the cluster lies off its hosts
 * no-prover  no host can prove it
 * failed     it was fetched, and could not be brought back
 */
export type DrillCode = 'no-copy' | 'no-prover' | 'failed';

/** @returns what a drill that went well shows of the time that a restore takes. */
export function drillEnd(of: { readonly snapshot: SnapshotId; readonly prover: NodeName; readonly fetchMs: number; readonly phasesMs: Readonly<Record<ProofPhase, number>>; readonly takenUnixMs: number }, beganUnixMs: number): DrillEnd {
  const { snapshot, prover, fetchMs, phasesMs, takenUnixMs } = of;
  const provedMs = Object.values(phasesMs).reduce((sum, ms) => sum + ms, 0);
  // Taken on a host whose clock differs a little, never from the future.
  return { ok: true, snapshot, prover, fetchMs, phasesMs, rtoMs: fetchMs + provedMs, rpoMs: Math.max(0, beganUnixMs - takenUnixMs) };
}
