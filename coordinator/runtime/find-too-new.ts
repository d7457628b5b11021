import { formatKubeVersion, type KubeVersion, minorDistance, parseKubeVersion } from '../../shared/domain/kube-version.ts';
import type { HostFacts } from '../../shared/domain/host-facts.ts';
import type { NodeName } from '../../shared/domain/ids.ts';
import { isControlPlane } from '../../shared/domain/node-role.ts';
import type { Plan } from '../../shared/domain/plan.ts';
import type { StepSpec } from '../../shared/domain/step-spec.ts';
import type { Hop, ProcedureNode } from '../../shared/procedures/composition.ts';
import { namesOf } from '../../shared/procedures/names-of.ts';
import { changesVersions } from '../core/changes-versions.ts';
import type { Block } from './find-blocks.ts';

/**
 * I4: no kubelet newer than the API servers that it meets. Procedures that change versions plan for that; this is for the
 * others and for plans with steps of their own, which upgrade no control plane of the workers that they take.
 *
 * https://kubernetes.io/releases/version-skew-policy/
 */
export function findTooNew(plan: Plan, hops: readonly Hop[], nodes: ReadonlyMap<NodeName, ProcedureNode>): readonly Block[] {
  if (changesVersions(plan)) return [];
  const found = new Map<string, NodeName[]>();
  for (const [name, steps] of hops.flatMap((hop) => [...hop.steps])) {
    const node = nodes.get(name);
    if (node === undefined || !isWorker(node.facts)) continue;
    const oldest = oldestApiserver(node.cluster, nodes);
    const kubelet = steps.map(({ step }) => kubeletOf(step)).findLast((version) => version !== null) ?? null;
    if (oldest === null || kubelet === null || minorDistance(oldest.version, kubelet) <= 0) continue;
    const message = `a kubelet ${formatKubeVersion(kubelet)} would be newer than the API server of ${oldest.name} (${formatKubeVersion(oldest.version)}), which the version skew policy forbids; upgrade the control plane first, or name an older version`;
    found.set(message, [...(found.get(message) ?? []), name]);
  }
  const path = plan.procedure === null ? 'spec.steps' : `spec.procedure.${plan.procedure.kind}`;
  return [...found].map(([message, names]) => ({ path, code: 'newer-than-apiserver', message: `${namesOf(names)}: ${message}` }));
}

function isWorker(facts: HostFacts | null): boolean {
  return facts !== null && facts.kubernetes !== null && !isControlPlane(facts);
}

/** Which kubelet runs after a step; null where it changes none, or says no version that can be read. */
function kubeletOf(step: StepSpec): KubeVersion | null {
  switch (step.kind) {
    case 'packages':
      return parseKubeVersion(step.install.find(({ name }) => name === 'kubelet')?.version ?? '');
    case 'kubelet':
      return step.action === 'restart' ? parseKubeVersion(step.version) : null;
    case 'k3s':
      return parseKubeVersion(step.version);
    default:
      return null;
  }
}

interface Apiserver {
  readonly name: NodeName;
  readonly version: KubeVersion;
}

/** Null where none is known, as of hosts that stand in no cluster. */
function oldestApiserver(cluster: string, nodes: ReadonlyMap<NodeName, ProcedureNode>): Apiserver | null {
  if (cluster === '') return null;
  const known = [...nodes.values()].filter((node) => node.cluster === cluster && isControlPlane(node.facts)).flatMap(({ name, facts }): readonly Apiserver[] => {
    const version = parseKubeVersion((facts?.kubernetes?.kind === 'kubeadm' ? facts.kubernetes.apiserver : facts?.kubernetes?.version) ?? '');
    return version === null ? [] : [{ name, version }];
  });
  return known.toSorted((a, b) => minorDistance(b.version, a.version))[0] ?? null;
}
