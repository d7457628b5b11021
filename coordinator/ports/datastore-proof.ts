import type { Digest } from '../../shared/domain/ids.ts';

/**
 * Proves that the datastore of a cluster can be brought back (I8): a snapshot that was taken, hashed, restored in a scratch
 * place and compared. A complete in-memory one passes the cases that every real one has to (test/support/datastore-proof-cases.ts).
 */
export interface DatastoreProof {
  /** The youngest that there is; null where there never was one. Whether it is young enough is for the caller. */
  newest(cluster: string): Promise<ProvedSnapshot | null>;

  /** Why none could be made of this cluster now, for people; '' where one could. */
  obstacle(cluster: string): Promise<string>;

  /**
   * Makes a new one; resolves when it is durable, which may take minutes. Safe to call again after anything. A failure
   * leaves the newest as it was. Rejects when the signal fires.
   */
  prove(cluster: string, signal: AbortSignal): Promise<ProofResult>;
}

export interface ProvedSnapshot {
  readonly cluster: string;
  readonly datastore: 'etcd' | 'sqlite' | 'external';
  /** Which one, as `datastoreIdOf` has it; '' where that is not known. */
  readonly of: string;
  /** Of the snapshot's bytes. */
  readonly digest: Digest;
  /** The moment that a restore goes back to. */
  readonly takenUnixMs: number;
  /** Of the datastore: what came later would be lost. */
  readonly revision: number;
}

/**
 * no-prover         nothing here can prove this kind of datastore
 * snapshot-failed   none was taken
 * restore-failed    it was taken and could not be restored
 * mismatch          what was restored is not what was there
 */
export type ProofResult =
  | { readonly ok: true; readonly snapshot: ProvedSnapshot }
  | { readonly ok: false; readonly code: 'no-prover' | 'snapshot-failed' | 'restore-failed' | 'mismatch'; readonly message: string };
