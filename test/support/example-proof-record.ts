import type { ProofComparison, ProofRecord } from '../../shared/domain/proof-record.ts';

/** A proof of exampleSnapshot, by worker-1 of the fleet demo. */
export function exampleProofRecord(): ProofRecord {
  const same = (fact: ProofComparison['fact']): ProofComparison => ({ fact, against: 'snapshot', expected: '7', found: '7', outcome: 'same', because: '' });
  return {
    fleet: 'demo', cluster: 'prod', prover: 'worker-1', datastore: 'etcd', snapshot: { id: 'f00d', digest: 'a'.repeat(64), revision: 302, takenUnixMs: 1_790_000_000_000 },
    comparisons: [same('digest'), same('structure'), same('revision'), same('live-keys')],
    tools: { restore: 'etcdutl 3.5.16', server: 'etcd 3.5.16' },
    phasesMs: { prepare: 12.5, unseal: 0, check: 40, restore: 30, start: 800, compare: 9, clean: 3 }, provedUnixMs: 1_790_000_100_000,
  };
}
