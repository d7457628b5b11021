import type { K3sFacts } from '../domain/host-facts.ts';
import type { K3sRuntimesProcedure } from '../domain/procedure.ts';
import { composeSteps, type WantedStep } from './compose-steps.ts';
import { type ComposedStep, oneHop, type PlannedProcedure, type ProcedureNode, problemAbout } from './composition.ts';

const PATH = 'procedure.k3s-runtimes';

/** No node is ever at the target by its facts: what its template says shows on the host, in the step itself. */
export function planK3sRuntimes(procedure: K3sRuntimesProcedure, nodes: readonly ProcedureNode[]): PlannedProcedure {
  const selected = nodes.filter(({ isSelected }) => isSelected);
  const problems = [
    ...problemAbout(selected.filter(({ facts }) => facts === null), { code: 'facts-missing', path: PATH }, (names) => `${names} told no facts, so that nobody knows whether they are servers; start the agent there`),
    ...problemAbout(selected.filter((node) => node.facts !== null && k3sOf(node) === null), { code: 'other-runtime', path: PATH }, (names) => `K3s does not run on ${names}; leave them out of spec.select, or write containerd-config for them`),
  ];
  const taken = procedure.runtimes.flatMap(({ name }) => problemAbout(selected.filter((node) => k3sOf(node)?.foundRuntimes.includes(name) === true), { code: 'other-runtime', path: PATH }, (names) => `K3s on ${names} finds a program for the runtime ${name} and adds it by itself; take it out, or give it another name`));
  if (problems.length > 0 || taken.length > 0) return { ok: false, problems: [...problems, ...taken] };
  return { ok: true, hops: oneHop(nodes, (node) => compose(procedure, k3sOf(node)?.role ?? 'agent')) };
}

function compose({ runtimes, mirrors, probe }: K3sRuntimesProcedure, role: K3sFacts['role']): readonly ComposedStep[] {
  return composeSteps([
    {
      name: `k3s-runtimes-${role}`,
      k3sRuntimes: {
        role,
        runtimes: runtimes.map(({ binary, podAnnotations, ...own }) => ({ ...own, ...(binary === null ? {} : { binary }), podAnnotations: [...podAnnotations] })),
        ...(mirrors.length === 0 ? {} : { mirrors: mirrors.map(({ host, endpoints }) => ({ host, endpoints: [...endpoints] })) }),
      },
      because: `role ${role}: the host itself looks what its templates say`,
    },
    ...(probe === null ? [] : [{
      name: `probe-${probe.handler}`,
      criProbe: { runtime: 'k3s', handler: probe.handler, image: probe.image.name, id: probe.image.id, expect: probe.expect, ...(probe.archive === null ? {} : { archive: { ...probe.archive } }), annotations: Object.fromEntries(probe.annotations.map(({ key, value }) => [key, value])) },
      because: 'a runtime that is there may still run nothing',
    } satisfies WantedStep]),
  ]);
}

function k3sOf({ facts }: ProcedureNode): K3sFacts | null {
  return facts?.kubernetes?.kind === 'k3s' ? facts.kubernetes : null;
}
