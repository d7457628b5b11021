import type { HostFacts, KubernetesFacts } from '../../domain/host-facts.ts';
import type { NodeName } from '../../domain/ids.ts';
import { formatKubeVersion, type KubeVersion, parseKubeVersion } from '../../domain/kube-version.ts';
import { isControlPlane } from '../../domain/node-role.ts';
import type { ProcedureNode, ProcedureProblem } from '../composition.ts';
import { namesOf } from '../names-of.ts';

/** A node of a Kubernetes cluster and what runs there, as it is or as it will be after some hop. */
export interface Member {
  readonly name: NodeName;
  readonly cluster: string;
  readonly isControlPlane: boolean;
  readonly isSelected: boolean;
  readonly kubelet: KubeVersion;
  /** The program that upgrades the others: kubeadm, or K3s itself. */
  readonly tool: KubeVersion | null;
  /** Null on workers. */
  readonly apiserver: KubeVersion | null;
  readonly facts: HostFacts;
}

export type Members = { readonly ok: true; readonly members: readonly Member[] } | { readonly ok: false; readonly problems: readonly ProcedureProblem[] };

/** What a whole cluster runs has to be known before any of its nodes is changed: an old kubelet anywhere forbids a new API server. */
export function readMembers(kind: KubernetesFacts['kind'], path: string, nodes: readonly ProcedureNode[]): Members {
  const problems = [
    ...about(nodes.filter(({ facts, agent }) => facts === null && agent === null), (names) => `${names} told no facts, and no agent is connected; start the agent there, or \`farrier node remove\` what is gone`),
    ...about(nodes.filter(({ facts, agent }) => facts === null && agent !== null), (names) => `${names} told no facts; upgrade the agent there`),
    ...about(nodes.filter(({ facts, isSelected }) => isSelected && facts !== null && facts.kubernetes?.kind !== kind), (names) => `${names} ${MADE_BY[kind]}; leave them out of spec.select`),
    ...about(nodes.filter(({ cluster, isSelected }) => isSelected && cluster === ''), (names) => `${names} stand in no cluster, so that nobody knows which API server they meet; enroll them with a token that names one: \`farrier token create --cluster\``),
  ];
  const found = nodes.filter(({ facts }) => facts?.kubernetes?.kind === kind);
  const members = found.map(toMember);
  const unread = found.filter((_, index) => members[index] === null);
  const all = [...problems, ...about(unread, (names) => `${names}: nobody can say which versions run there; \`farrier node show\` tells what the agent found`)];
  if (all.length > 0) return { ok: false, problems: all.map((message) => ({ code: 'facts-missing', path, message })) };
  return { ok: true, members: members.filter((member) => member !== null) };
}

/** The member once this version was brought to it. */
export function atVersion(member: Member, version: KubeVersion): Member {
  const hasApiserver = member.apiserver !== null;
  const text = formatKubeVersion(version);
  const { kubernetes } = member.facts;
  const runs =
    kubernetes?.kind === 'kubeadm' ? { ...kubernetes, kubeadm: text, kubelet: text, kubectl: kubernetes.kubectl === null ? null : text, apiserver: hasApiserver ? text : null }
    : kubernetes?.kind === 'k3s' ? { ...kubernetes, version: text }
    : kubernetes;
  return { ...member, kubelet: version, tool: version, apiserver: hasApiserver ? version : null, facts: { ...member.facts, kubernetes: runs } };
}

const MADE_BY = { kubeadm: 'were not made by kubeadm', k3s: 'do not run K3s' } as const;

function about(nodes: readonly ProcedureNode[], message: (names: string) => string): readonly string[] {
  return nodes.length === 0 ? [] : [message(namesOf(nodes.map(({ name }) => name)))];
}

function toMember({ name, cluster, facts, isSelected }: ProcedureNode): Member | null {
  const kubernetes = facts?.kubernetes;
  if (facts === null || kubernetes === null || kubernetes === undefined) return null;
  const versions = kubernetes.kind === 'kubeadm' ? { ...kubernetes, tool: kubernetes.kubeadm } : { kubelet: kubernetes.version, apiserver: kubernetes.version, tool: kubernetes.version };
  const kubelet = parseKubeVersion(versions.kubelet ?? '');
  const hasApiserver = isControlPlane(facts);
  const apiserver = hasApiserver ? parseKubeVersion(versions.apiserver ?? '') : null;
  if (kubelet === null || (hasApiserver && apiserver === null)) return null;
  return { name, cluster, isControlPlane: hasApiserver, isSelected, kubelet, apiserver, tool: parseKubeVersion(versions.tool ?? ''), facts };
}
