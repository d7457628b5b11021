import type { HostFacts } from '../../domain/host-facts.ts';
import type { Finding } from '../finding.ts';
import type { KubeadmTarget, PreflightTarget } from '../target.ts';
import { error, isFrom } from './rule.ts';

const WHERE = { kubelet: '/var/lib/kubelet/config.yaml', k3s: 'a file in /var/lib/rancher/k3s/agent/etc/kubelet.conf.d' } as const;

const CHECK = 'SystemVerification';
/** `kubeadm upgrade` writes the node's file anew from there: https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/kubeadm-reconfigure/ */
const CONFIG_MAP = 'in the ConfigMap kubelet-config of kube-system, from which kubeadm writes each node’s file anew';
const IGNORED = `ignorePreflightErrors: [${CHECK}] in its kubeadm step`;

/** https://kubernetes.io/docs/concepts/architecture/cgroups/#deprecation-of-cgroup-v1: there is a field for it and no flag. */
export function cgroupV1(facts: HostFacts, target: PreflightTarget): readonly Finding[] {
  if (!isFrom(target.version, 1, 35)) return [];
  if (target.kind === 'kubeadm') return refusedByKubeadm(facts, target);
  if (facts.cgroupVersion === 2 || facts.kubernetes?.failCgroupV1 === false) return [];
  const has = facts.cgroupVersion === 1 ? 'this host has cgroup v1' : 'which cgroup version this host has is not known';
  const remedy = `boot it with cgroup v2 (kernel argument systemd.unified_cgroup_hierarchy=1), or set failCgroupV1: false in ${WHERE[target.kind]}${target.kind === 'kubelet' && target.afterKubeadm ? ` and ${CONFIG_MAP}, and ${IGNORED}` : ''}`;
  return [error('cgroup-v1', '/sys/fs/cgroup', `${has}, and from 1.35 on the kubelet starts only on cgroup v2: ${remedy}`)];
}

/** Its check asks neither for failCgroupV1 nor for the plan's other steps: https://git.k8s.io/enhancements/keps/sig-node/5573-remove-cgroup-v1 */
function refusedByKubeadm({ cgroupVersion }: HostFacts, { ignorePreflightErrors }: KubeadmTarget): readonly Finding[] {
  if (cgroupVersion !== 1 || ignorePreflightErrors.some((name) => name.toLowerCase() === CHECK.toLowerCase())) return [];
  return [error('cgroup-v1', '/sys/fs/cgroup', `this host has cgroup v1, which kubeadm refuses from 1.35 on, whatever failCgroupV1 says: boot it with cgroup v2, or set failCgroupV1: false for its kubelet, also ${CONFIG_MAP}, and ${IGNORED}`)];
}
