import { minorDistance, parseKubeVersion } from '../domain/kube-version.ts';
import type { HostFacts } from '../domain/host-facts.ts';
import type { NodeName } from '../domain/ids.ts';
import type { Plan } from '../domain/plan.ts';
import type { StepSpec } from '../domain/step-spec.ts';
import type { Hop, ProcedureNode } from './composition.ts';

/** Whether a node is cordoned and drained before a hop changes it, and why. No reason where it runs no pods. */
export interface DrainChoice {
  readonly isDrained: boolean;
  readonly because: string;
}

/**
 * A node is drained where a step takes its pods down. Pods go on running while a runtime, K3s or the kubelet restarts; a kubelet
 * that crosses a minor must not meet any: https://kubernetes.io/releases/version-skew-policy/
 *
 * @param nodes every node that the plan takes, and all others of their clusters.
 */
export function chooseDrain({ drain }: Plan, hop: Hop, nodes: ReadonlyMap<NodeName, ProcedureNode>, name: NodeName): DrainChoice {
  const node = nodes.get(name);
  if (node === undefined || !runsPods(node)) return { isDrained: false, because: '' };
  if (drain === 'never') return { isDrained: false, because: 'the plan says drain: never' };
  if (isAlone(node, nodes)) return { isDrained: false, because: `it is the only node of cluster ${node.cluster}` };
  if (drain === 'always') return { isDrained: true, because: 'the plan says drain: always' };
  const facts = hop.facts.get(name) ?? node.facts;
  const because = (hop.steps.get(name) ?? []).map(({ step }) => whyDisruptive(step, facts)).find((why) => why !== null) ?? null;
  return because === null ? { isDrained: false, because: 'its pods go on running' } : { isDrained: true, because };
}

/** Whoever tells nothing and stands in a cluster is taken for a member of it. */
function runsPods({ facts, cluster }: ProcedureNode): boolean {
  return facts === null ? cluster !== '' : facts.kubernetes !== null;
}

/** Its pods have nowhere to go. Nobody knows which others are in the cluster of a node without one's name. */
function isAlone({ name, cluster }: ProcedureNode, nodes: ReadonlyMap<NodeName, ProcedureNode>): boolean {
  return cluster !== '' && [...nodes.values()].every((other) => other.name === name || other.cluster !== cluster || !runsPods(other));
}

function whyDisruptive(step: StepSpec, facts: HostFacts | null): string | null {
  switch (step.kind) {
    case 'reboot':
      return step.action === 'reboot' ? 'a reboot takes its pods down' : null;
    case 'k3s':
      return step.crossesMinor ? 'K3s crosses a minor' : null;
    case 'kubelet':
      return step.action === 'restart' ? whyKubelet(step.version, facts) : null;
    case 'kubelet_runtime':
      return step.action === 'set' && facts?.kubernetes?.criSocket !== step.endpoint ? 'the kubelet gets another runtime, which has none of its pods' : null;
    case 'packages':
      return step.install.flatMap(({ name, version }) => (name === 'kubelet' ? (whyKubelet(version, facts) ?? []) : []))[0] ?? null;
    default:
      return null;
  }
}

function whyKubelet(target: string, facts: HostFacts | null): string | null {
  const { kubernetes } = facts ?? { kubernetes: null };
  const now = parseKubeVersion((kubernetes?.kind === 'kubeadm' ? kubernetes.kubelet : null) ?? '');
  const to = parseKubeVersion(target);
  if (now === null || to === null) return 'nobody tells whether the kubelet crosses a minor';
  return minorDistance(now, to) === 0 ? null : 'the kubelet crosses a minor';
}
