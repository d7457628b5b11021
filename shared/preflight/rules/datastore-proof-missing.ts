import type { HostFacts } from '../../domain/host-facts.ts';
import type { Finding } from '../finding.ts';
import type { PreflightTarget } from '../target.ts';
import { error, k3sOf, kubeadmOf } from './rule.ts';

/** I8: nothing is done to a control plane whose datastore could not be brought back. */
export function datastoreProofMissing(facts: HostFacts, target: PreflightTarget): readonly Finding[] {
  if (target.cluster === null || target.cluster.datastoreProved || !touchesControlPlane(facts, target)) return [];
  const { name } = target.cluster;
  return [error('datastore-proof-missing', name, `nothing proves that the datastore of ${name} can be brought back, so its control plane is not upgraded: a proof comes with etcd snapshots that were taken, restored in a scratch place and compared, which this version of Farrier does not make yet; upgrade workers and agents meanwhile`)];
}

function touchesControlPlane(facts: HostFacts, { kind }: PreflightTarget): boolean {
  if (kind === 'k3s') return k3sOf(facts)?.role === 'server';
  return kind === 'kubeadm' && kubeadmOf(facts)?.role === 'control-plane';
}
