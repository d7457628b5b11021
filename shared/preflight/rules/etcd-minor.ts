import type { EtcdFacts, HostFacts } from '../../domain/host-facts.ts';
import type { KubeVersion } from '../../domain/kube-version.ts';
import { parseRelease, type Release } from '../../domain/release.ts';
import type { PreflightTarget } from '../target.ts';
import { isFrom, kubeadmOf } from './rule.ts';

/** An etcd beside an API server. */
export interface Member {
  readonly node: string;
  readonly etcd: Extract<EtcdFacts, { readonly kind: 'stacked' }>;
  /** Null where its manifest does not say. */
  readonly release: Release | null;
}

/** Minor of etcd 3 that kubeadm of this version brings (its constants.go); null before those that Farrier knows. */
export function etcdMinorOf(version: KubeVersion): number | null {
  if (isFrom(version, 1, 37)) return 7;
  if (isFrom(version, 1, 34)) return 6;
  return isFrom(version, 1, 22) ? 5 : null;
}

/** The members that this upgrade would take to another etcd; on the host only its own. None where kubeadm leaves etcd alone. */
export function membersTouched(facts: HostFacts, target: PreflightTarget): readonly Member[] {
  const own = kubeadmOf(facts);
  if (target.kind !== 'kubeadm' || !target.etcdUpgrade || own?.etcd.kind !== 'stacked') return [];
  const nodes = target.cluster?.nodes ?? [{ name: own.nodeName, facts }];
  return nodes.flatMap((node) => {
    const etcd = kubeadmOf(node.facts)?.etcd;
    return etcd?.kind === 'stacked' ? [{ node: node.name, etcd, release: parseRelease(etcd.version ?? '') }] : [];
  });
}
