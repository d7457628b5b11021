import type { HostFacts } from '../../shared/domain/host-facts.ts';
import type { NodeName } from '../../shared/domain/ids.ts';
import type { Plan } from '../../shared/domain/plan.ts';
import type { StepSpec } from '../../shared/domain/step-spec.ts';
import { takenRuntime } from '../../shared/domain/taken-runtime.ts';
import type { Hop, ProcedureNode } from '../../shared/procedures/composition.ts';
import { namesOf } from '../../shared/procedures/names-of.ts';
import type { Block } from './find-blocks.ts';

type Found = Pick<Block, 'code' | 'message'>;

/** Steps for a runtime that a host does not have, or against the one that its kubelet runs on. Whoever told nothing is asked when it stages. */
export function findOtherRuntimes(plan: Plan, hops: readonly Hop[], nodes: ReadonlyMap<NodeName, ProcedureNode>): readonly Block[] {
  const found = new Map<string, Found & { readonly names: Set<NodeName> }>();
  for (const [name, steps] of hops.flatMap((hop) => [...hop.steps])) {
    const facts = nodes.get(name)?.facts ?? null;
    if (facts === null) continue;
    const specs = steps.map(({ step }) => step);
    for (const [index, step] of specs.entries()) {
      const earlier = specs.slice(0, index);
      const said = otherRuntime(step, earlier, facts) ?? runtimeInUse(step, earlier, facts);
      if (said === null) continue;
      const same = found.get(said.message) ?? { ...said, names: new Set<NodeName>() };
      same.names.add(name);
      found.set(said.message, same);
    }
  }
  const path = plan.procedure === null ? 'spec.steps' : `spec.procedure.${plan.procedure.kind}`;
  return [...found.values()].map(({ code, message, names }) => ({ path, code, message: `${namesOf([...names])}: ${message}` }));
}

function otherRuntime(step: StepSpec, earlier: readonly StepSpec[], facts: HostFacts): Found | null {
  const isK3s = facts.kubernetes?.kind === 'k3s';
  const other = (message: string): Found => ({ code: 'other-runtime', message: `step ${step.name} ${message}` });
  if (step.kind === 'k3s_runtimes' && isK3s && facts.kubernetes.role !== step.role) return other(`is for a K3s ${step.role}, and this is ${facts.kubernetes.role === 'server' ? 'a server' : 'an agent'}; write role: ${facts.kubernetes.role}, or the procedure k3s-runtimes, which takes each node’s own`);
  if (step.kind === 'kubelet_runtime') return step.action === 'guard' || facts.kubernetes?.kind === 'kubeadm' ? null : other('is for nodes that kubeadm made; leave others out of spec.select');
  if (needsK3s(step)) return isK3s ? null : other('is for K3s, which does not run here; leave such nodes out of spec.select');
  if (step.kind === 'images' && step.source.kind === 'docker' && facts.runtimes.docker === null) return other('takes images from Docker, which is not installed here; write archives, or leave such nodes out of spec.select');
  if (!needsContainerd(step) || facts.runtimes.containerd !== null || earlier.some(mayBringContainerd)) return null;
  return other(isK3s ? `is for a containerd that packages install; K3s has one of its own: ${ON_K3S[step.kind] ?? 'leave such nodes out of spec.select'}` : 'is for containerd, which is not installed here; install it before, or leave such nodes out of spec.select');
}

const ON_K3S: Readonly<Partial<Record<StepSpec['kind'], string>>> = {
  containerd: 'write k3sRuntimes or the procedure k3s-runtimes',
  images: 'write into: k3s',
  cri_probe: 'write runtime: k3s',
};

function needsK3s(step: StepSpec): boolean {
  return step.kind === 'k3s_runtimes' || (step.kind === 'cri_probe' && step.runtime === 'k3s') || (step.kind === 'images' && step.source.kind === 'k3s');
}

function needsContainerd(step: StepSpec): boolean {
  return (step.kind === 'containerd' && step.action === 'configure') || step.kind === 'images' || step.kind === 'cri_probe';
}

/** A hook may do anything. */
function mayBringContainerd(step: StepSpec): boolean {
  return step.kind === 'hook' || (step.kind === 'packages' && step.install.some(({ name }) => BRING_CONTAINERD.includes(name)));
}

const BRING_CONTAINERD = ['containerd', 'containerd.io', 'docker.io', 'docker-ce', 'moby-engine'];

function runtimeInUse(step: StepSpec, earlier: readonly StepSpec[], { kubernetes }: HostFacts): Found | null {
  const taken = kubernetes?.kind === 'kubeadm' ? takenRuntime(step, earlier, kubernetes.criSocket) : null;
  return taken === null ? null : { code: 'runtime-in-use', message: `${taken}, or leave such nodes out of spec.select` };
}
