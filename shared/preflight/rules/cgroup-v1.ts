import type { HostFacts } from '../../domain/host-facts.ts';
import type { Finding } from '../finding.ts';
import type { PreflightTarget } from '../target.ts';
import { error, isFrom } from './rule.ts';

const WHERE = { kubelet: '/var/lib/kubelet/config.yaml', k3s: 'a file in /var/lib/rancher/k3s/agent/etc/kubelet.conf.d' } as const;

/** https://kubernetes.io/docs/concepts/architecture/cgroups/#deprecation-of-cgroup-v1: there is a field for it and no flag. */
export function cgroupV1(facts: HostFacts, target: PreflightTarget): readonly Finding[] {
  if (target.kind === 'kubeadm' || !isFrom(target.version, 1, 35)) return [];
  if (facts.cgroupVersion === 2 || facts.kubernetes?.failCgroupV1 === false) return [];
  const has = facts.cgroupVersion === 1 ? 'this host has cgroup v1' : 'which cgroup version this host has is not known';
  const remedy = `boot it with cgroup v2 (kernel argument systemd.unified_cgroup_hierarchy=1), or set failCgroupV1: false in ${WHERE[target.kind]}`;
  return [error('cgroup-v1', '/sys/fs/cgroup', `${has}, and from 1.35 on the kubelet starts only on cgroup v2: ${remedy}`)];
}
