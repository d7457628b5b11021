import { PROOF_AGE_MAX_MS } from '../core/datastore-proved.ts';
import type { DatastoreProof } from '../ports/datastore-proof.ts';
import type { FleetState } from './fleet-state.ts';

/** I8: the clusters of which nothing proves that their datastore can be brought back to a moment that is not long ago, each with why no proof can be made; '' where one can. */
export async function unprovedClusters(state: FleetState, proof: DatastoreProof, nowUnixMs: number): Promise<ReadonlyMap<string, string>> {
  const unproved = new Map<string, string>();
  for (const cluster of new Set([...state.nodes.values()].map(({ record }) => record.cluster))) {
    const newest = await proof.newest(cluster);
    if (newest === null || nowUnixMs - newest.takenUnixMs > PROOF_AGE_MAX_MS) unproved.set(cluster, await proof.obstacle(cluster));
  }
  return unproved;
}
