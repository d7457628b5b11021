import type { StepSpec } from '../domain/step-spec.ts';

/**
 * What pods of a cluster name a runtime by. A host has no right to make it: a person applies it once the hosts are done, or with
 * a nodeSelector before.
 */
export function runtimeClasses(steps: readonly StepSpec[]): readonly string[] {
  const names = steps.flatMap(runtimesOf).map(({ name }) => name);
  // Quoted: a runtime may be called 1 or true.
  return [...new Set(names)].toSorted().map((name) => `apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: { name: "${name}" }\nhandler: "${name}"\n`);
}

function runtimesOf(step: StepSpec): readonly { readonly name: string }[] {
  if (step.kind === 'containerd') return step.settings.runtimes;
  return step.kind === 'k3s_runtimes' ? step.runtimes : [];
}
