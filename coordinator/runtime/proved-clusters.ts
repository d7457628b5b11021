import { holdsCluster } from '../../shared/domain/node-role.ts';
import { PROOF_AGE_MAX_MS } from '../core/datastore-proved.ts';
import type { DatastoreProof } from '../ports/datastore-proof.ts';
import type { FleetState } from './fleet-state.ts';

/** I8: the clusters whose datastore can be brought back to a moment that is not long ago. */
export async function provedClusters(state: FleetState, proof: DatastoreProof, nowUnixMs: number): Promise<ReadonlySet<string>> {
  const members = [...state.nodes.values()].filter(({ facts }) => holdsCluster(facts?.facts ?? null));
  const clusters = new Set(members.map(({ record }) => record.cluster));
  const newest = await Promise.all([...clusters].map(async (cluster) => await proof.newest(cluster)));
  return new Set(newest.flatMap((snapshot) => (snapshot !== null && nowUnixMs - snapshot.takenUnixMs <= PROOF_AGE_MAX_MS ? [snapshot.cluster] : [])));
}
