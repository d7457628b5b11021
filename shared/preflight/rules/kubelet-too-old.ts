import { formatKubeVersion, parseKubeVersion } from '../../domain/kube-version.ts';
import type { HostFacts } from '../../domain/host-facts.ts';
import { skewProblems } from '../../domain/skew.ts';
import type { Finding } from '../finding.ts';
import type { PreflightTarget } from '../target.ts';
import { error, kubeadmOf } from './rule.ts';

/** No API server of the target may come while a kubelet of the cluster is too old for it. On the host: its own kubelet. */
export function kubeletTooOld(facts: HostFacts, target: PreflightTarget): readonly Finding[] {
  const own = kubeadmOf(facts);
  if (target.kind !== 'kubeadm' || own?.role !== 'control-plane') return [];
  const nodes = target.cluster?.nodes ?? [{ name: own.nodeName, facts }];
  const kubelets = nodes.flatMap((node) => {
    const version = parseKubeVersion(kubeadmOf(node.facts)?.kubelet ?? '');
    return version === null ? [] : [{ name: node.name, version }];
  });
  const apiservers = [{ name: 'kube-apiserver', version: target.version }];
  return skewProblems({ apiservers, controllers: [], kubelets, proxies: [], kubectls: [] })
    .filter(({ code }) => code === 'too-old-for-apiserver')
    .flatMap(({ object }) => {
      const version = kubelets.find(({ name }) => name === object)?.version;
      return version === undefined ? [] : [error('kubelet-too-old', object, `the kubelet of ${object} is ${formatKubeVersion(version)}, too old for kube-apiserver ${formatKubeVersion(target.version)}: upgrade that kubelet first`)];
    });
}
