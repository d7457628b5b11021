import type { ProofRecord } from '../../shared/domain/proof-record.ts';
import type { ClusterSnapshots } from './cluster-snapshots.ts';
import type { SnapshotEvent } from './snapshot-event.ts';

/** What followed from a log up to one event, so that a start need not read what lies before. It can be lost: the log is what counts. */
export interface SnapshotCheckpoint {
  /** Another one wherever the same events would make another state. */
  readonly format: 1;
  /** With the sequence of `state`: by it a log is known to be the same. */
  readonly last: SnapshotEvent;
  readonly state: Omit<ClusterSnapshots, 'proofs'> & { readonly proofs: readonly ProofRecord[] };
}

export function checkpointOf(state: ClusterSnapshots, last: SnapshotEvent): SnapshotCheckpoint {
  return { format: 1, last, state: { ...state, proofs: [...state.proofs.values()] } };
}

/** Null where it is none that this version knows. */
export function readCheckpoint(value: unknown): SnapshotCheckpoint | null {
  return (value as Partial<SnapshotCheckpoint> | null | undefined)?.format === 1 ? (value as SnapshotCheckpoint) : null;
}

export function stateAt({ state }: SnapshotCheckpoint): ClusterSnapshots {
  return { ...state, proofs: new Map(state.proofs.map((proof) => [proof.snapshot.digest, proof])) };
}
