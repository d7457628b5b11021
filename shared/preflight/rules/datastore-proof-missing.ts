import type { HostFacts } from '../../domain/host-facts.ts';
import { isControlPlane } from '../../domain/node-role.ts';
import type { Finding } from '../finding.ts';
import type { ClusterFacts, PreflightTarget } from '../target.ts';
import { error, warning } from './rule.ts';

/** I8: nothing is done to a control plane whose datastore could not be brought back, nor where nobody knows what the host is. */
export function datastoreProofMissing(facts: HostFacts | null, target: PreflightTarget): readonly Finding[] {
  if (target.kind === 'kubelet' || target.cluster === null) return [];
  return target.controlPlane || isControlPlane(facts) ? unproved(target.cluster) : [];
}

export function unproved(cluster: ClusterFacts): readonly Finding[] {
  if (cluster.datastoreProved) return [];
  const name = cluster.name === '' ? 'its cluster' : cluster.name;
  if (cluster.proofObstacle === '') return [warning('datastore-proof-missing', name, `nothing proves yet that the datastore of ${name} can be brought back: the rollout has a snapshot taken, restored and compared first, and touches no control plane before; farrier snapshot prove does it now`)];
  return [error('datastore-proof-missing', name, `nothing proves that the datastore of ${name} can be brought back, and no proof can be made: ${cluster.proofObstacle}`)];
}
