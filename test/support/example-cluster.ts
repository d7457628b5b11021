import type { HostFacts, K3sFacts, KubeadmFacts } from '../../shared/domain/host-facts.ts';
import type { ProcedureNode } from '../../shared/procedures/composition.ts';
import { CONTROL_PLANE, K3S_SERVER, WORKER } from './example-facts.ts';

/** A node that kubeadm made, all of it of one version: `1.33.9`. */
export function aKubeadmNode(name: string, version: string, over: Partial<ProcedureNode> & { readonly kubernetes?: Partial<KubeadmFacts> } = {}): ProcedureNode {
  const { kubernetes = {}, ...rest } = over;
  return { name, cluster: 'prod', agent: { version: '0.1.0', stepKinds: [] }, isSelected: true, facts: kubeadmFacts(name, version, kubernetes), ...rest };
}

/** A node of K3s: `1.33.9+k3s1`. A server where its name begins with `s`. */
export function aK3sNode(name: string, version: string, over: Partial<ProcedureNode> = {}): ProcedureNode {
  const isServer = name.startsWith('s');
  const kubernetes: K3sFacts = { ...K3S_SERVER.kubernetes, role: isServer ? 'server' : 'agent', datastore: isServer ? 'etcd' : 'none', version: `v${version}` };
  return { name, cluster: 'edge', agent: { version: '0.1.0', stepKinds: [] }, isSelected: true, facts: { ...K3S_SERVER, kubernetes }, ...over };
}

/** A control plane where its name begins with `cp`. */
export function kubeadmFacts(name: string, version: string, over: Partial<KubeadmFacts> = {}): HostFacts {
  const isControlPlane = name.startsWith('cp');
  const base: HostFacts = isControlPlane ? CONTROL_PLANE : WORKER;
  const versions = { kubeadm: `${version}-1.1`, kubelet: `${version}-1.1`, kubectl: `${version}-1.1`, apiserver: isControlPlane ? `v${version}` : null };
  return { ...base, kubernetes: { ...(base.kubernetes as KubeadmFacts), ...versions, ...over } };
}
