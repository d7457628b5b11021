import { FACT_PACKAGES, type HostFacts } from '../domain/host-facts.ts';
import type { PackagesProcedure } from '../domain/procedure.ts';
import type { PackageVersion } from '../domain/step-spec.ts';
import { composeSteps } from './compose-steps.ts';
import { type ComposedStep, type Hop, oneHop, type ProcedureNode } from './composition.ts';

/** Needs no facts: a node of which nobody knows what is installed gets every step, and each step looks for itself. */
export function planPackages(procedure: PackagesProcedure, nodes: readonly ProcedureNode[]): readonly Hop[] {
  return oneHop(nodes, ({ facts }) => compose(procedure, facts));
}

function compose({ install, sources, conffiles, restart }: PackagesProcedure, facts: HostFacts | null): readonly ComposedStep[] {
  const reasons = install.flatMap((wanted) => whyNeeded(wanted, facts));
  if (reasons.length === 0) return [];
  const versions = Object.fromEntries(install.map(({ name, version }) => [name, version]));
  return composeSteps([
    { name: 'packages', packages: { install: versions, sources: [...sources], conffiles }, because: reasons.join(', ') },
    ...restart.map((unit) => ({ name: `restart-${unit}`, service: { restart: unit }, because: 'it runs what was installed only after a restart' })),
  ]);
}

/** @returns one reason, or none */
export function whyNeeded({ name, version }: PackageVersion, facts: HostFacts | null): readonly string[] {
  const installed = facts?.packages[name];
  if (installed === version) return [];
  if (installed !== undefined) return [`${name} is ${installed}`];
  return facts !== null && FACT_PACKAGES.includes(name) ? [`${name} is not installed`] : [`nobody tells which ${name} is installed`];
}
