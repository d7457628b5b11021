import type { SnapshotProof, SnapshotRecord } from '../../shared/domain/snapshot.ts';

/** A snapshot of a cluster with three members, sealed for one recipient. */
export function exampleSnapshot(changes: Partial<SnapshotRecord> = {}): SnapshotRecord {
  return {
    id: 'f00d', cluster: 'prod', datastore: 'etcd', clusterId: '14841639068965178418', member: { id: '10276657743932975437', name: 'cp-1' }, revision: 302, liveKeys: 299, version: '3.5.16',
    takenUnixMs: 1_790_000_000_000,
    look: { revision: 302, keys: 299, registryKeys: 290, kubeSystem: 'd'.repeat(64), hash: { hash: 2_640_377_328, compactRevision: -1 } },
    plain: { digest: 'a'.repeat(64), sizeBytes: 20_512 },
    sealed: { digest: 'b'.repeat(64), sizeBytes: 9_000, recipients: ['c'.repeat(64)] },
    copies: [{ kind: 'host', node: 'cp-1' }],
    proof: null,
    ...changes,
  };
}

export function exampleProof(provedUnixMs: number): SnapshotProof {
  return { provedUnixMs, provedBy: 'worker-1', compared: ['digest', 'structure', 'revision', 'live-keys'] };
}
