import { FACT_PACKAGES, type HostFacts } from '../domain/host-facts.ts';
import type { PackagesProcedure } from '../domain/procedure.ts';
import type { PackageVersion, ServiceSpec } from '../domain/step-spec.ts';
import { withGuards } from '../plan/compile-steps.ts';
import { GUARD_PREFIX } from '../plan/cross-check-plan.ts';
import { type ComposedStep, NO_ORDER, type PlannedProcedure, type ProcedureNode } from './composition.ts';

const PACKAGES_TIMEOUT_MS = 600_000;
const RESTART = { timeoutMs: 120_000, looks: 3, lookIntervalMs: 1000 } as const;

/** Needs no facts: a node of which nobody knows what is installed gets every step, and each step looks for itself. */
export function planPackages(procedure: PackagesProcedure, nodes: readonly ProcedureNode[]): PlannedProcedure {
  const steps = new Map(nodes.filter(({ isSelected }) => isSelected).map((node) => [node.name, compose(procedure, node.facts)]));
  return { ok: true, hops: [{ target: '', steps, order: NO_ORDER }] };
}

function compose({ install, sources, conffiles, restart }: PackagesProcedure, facts: HostFacts | null): readonly ComposedStep[] {
  const reasons = install.flatMap((wanted) => whyNeeded(wanted, facts));
  if (reasons.length === 0) return [];
  const packages = { kind: 'packages', name: 'packages', timeoutMs: PACKAGES_TIMEOUT_MS, install, sources, conffiles } as const;
  return withGuards([packages, ...restart.map(restartOf)]).map((step) => ({ step, because: step.kind === 'service' ? whyRestarted(step) : reasons.join(', ') }));
}

function restartOf(unit: string): ServiceSpec {
  return { kind: 'service', name: `restart-${unit}`, unit, action: 'restart', ...RESTART };
}

function whyNeeded({ name, version }: PackageVersion, facts: HostFacts | null): readonly string[] {
  const installed = facts?.packages[name];
  if (installed === version) return [];
  if (installed !== undefined) return [`${name} is ${installed}`];
  return facts !== null && FACT_PACKAGES.includes(name) ? [`${name} is not installed`] : [`nobody tells which ${name} is installed`];
}

function whyRestarted({ name, unit }: ServiceSpec): string {
  return name.startsWith(GUARD_PREFIX) ? `a revert restarts ${unit} on the packages of before` : 'it runs what was installed only after a restart';
}
