import { createHash } from 'node:crypto';

import type { DatastoreProof, ProofResult, ProvedSnapshot } from '../../coordinator/ports/datastore-proof.ts';
import type { Clock } from '../../shared/ports/clock.ts';

/** Datastores as numbers: each cluster's revision counts up, and a proof is of the revision that it met. */
export class MemoryDatastoreProof implements DatastoreProof {
  readonly #clock: Clock;
  readonly #newest = new Map<string, ProvedSnapshot>();
  readonly #revisions = new Map<string, number>();
  #failure: Extract<ProofResult, { readonly ok: false }> | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Something is written in the cluster. */
  write(cluster: string): void {
    this.#revisions.set(cluster, (this.#revisions.get(cluster) ?? 0) + 1);
  }

  failNext(code: 'snapshot-failed' | 'restore-failed' | 'mismatch'): void {
    this.#failure = { ok: false, code, message: 'as the test said' };
  }

  async newest(cluster: string): Promise<ProvedSnapshot | null> {
    return this.#newest.get(cluster) ?? null;
  }

  async obstacle(): Promise<string> {
    return '';
  }

  async prove(cluster: string, signal: AbortSignal): Promise<ProofResult> {
    signal.throwIfAborted();
    const failure = this.#failure;
    this.#failure = null;
    if (failure !== null) return failure;
    const revision = this.#revisions.get(cluster) ?? 0;
    const digest = createHash('sha256').update(`${cluster} ${revision}`).digest('hex');
    const snapshot: ProvedSnapshot = { cluster, datastore: 'etcd', of: '', digest, takenUnixMs: this.#clock.wallUnixMs(), revision };
    this.#newest.set(cluster, snapshot);
    return { ok: true, snapshot };
  }
}
