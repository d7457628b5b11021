import type { ProofPhase } from '../../../shared/domain/proof-record.ts';
import type { Failure } from '../../../shared/trust/failure.ts';

/**
 * damaged         the file is not what was recorded, or holds no whole database
 * not-opened      it is sealed, and not for a key that is here
 * wrong-tool      etcd's programs are not here, or of another minor than the snapshot
 * no-room         the disk of the scratch folder lacks it
 * scratch-failed  that disk, or the folder, says something else
 * proof-running   another one runs in that folder
 * restore-failed  etcd's own tool does not restore it
 * start-failed    etcd does not start on what was restored
 * not-answered    it starts, and does not answer what it is asked
 * mismatch        it is up, and something in it is not what was taken
 * time-out        the whole took longer than it may
 */
export type ProofCode =
  | 'damaged' | 'not-opened' | 'wrong-tool' | 'no-room' | 'scratch-failed' | 'proof-running' | 'restore-failed' | 'start-failed' | 'not-answered' | 'mismatch' | 'time-out';

export type ProofFailure = Failure<ProofCode> & { readonly phase: ProofPhase };

/** As the coordinator tells them: whether the snapshot is to blame, or what should have proved it. */
export const COORDINATOR_CODES = {
  damaged: 'snapshot-failed',
  'not-opened': 'no-prover',
  'wrong-tool': 'no-prover',
  'no-room': 'no-prover',
  'scratch-failed': 'no-prover',
  'proof-running': 'no-prover',
  'restore-failed': 'restore-failed',
  'start-failed': 'restore-failed',
  'not-answered': 'restore-failed',
  mismatch: 'mismatch',
  'time-out': 'restore-failed',
} as const satisfies Readonly<Record<ProofCode, 'snapshot-failed' | 'restore-failed' | 'mismatch' | 'no-prover'>>;
