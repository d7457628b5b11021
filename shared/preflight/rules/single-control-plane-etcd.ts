import { formatKubeVersion } from '../../domain/kube-version.ts';
import type { HostFacts } from '../../domain/host-facts.ts';
import type { Finding } from '../finding.ts';
import type { PreflightTarget } from '../target.ts';
import { etcdMinorOf, membersTouched } from './etcd-minor.ts';
import { kubeadmOf, warning } from './rule.ts';

/** https://github.com/kubernetes/kubeadm/issues/3297: kubeadm waits for etcd through the API server that waits for etcd. */
export function singleControlPlaneEtcd(facts: HostFacts, target: PreflightTarget): readonly Finding[] {
  if (target.cluster === null || target.cluster.nodes.filter((node) => kubeadmOf(node.facts)?.role === 'control-plane').length !== 1) return [];
  const [member] = membersTouched(facts, target);
  const minor = etcdMinorOf(target.version);
  if (member === undefined || minor === null || member.release?.minor === minor) return [];
  const split = `set etcdUpgrade: false for the upgrade to ${formatKubeVersion(target.version)}, and upgrade etcd afterwards as a step of its own`;
  return [warning('single-control-plane-etcd', member.node, `${member.node} is the only control plane of ${target.cluster.name} and this upgrade brings it etcd 3.${minor}: kubeadm may time out on the way and put everything back though etcd is well; ${split}`)];
}
