import type { FrozenPlan } from '../../shared/domain/plan.ts';
import type { NodeName } from '../../shared/domain/ids.ts';
import type { ComposedStep, Hop } from '../../shared/procedures/composition.ts';
import { runtimeClasses } from '../../shared/procedures/runtime-classes.ts';
import type { CheckPlanResponse } from '../../shared/wire/messages.ts';
import { describeStep } from './describe-step.ts';
import type { Resolved } from './freeze-plan.ts';

type PlannedHop = NonNullable<CheckPlanResponse['hops']>[number];
type PlannedGroup = NonNullable<PlannedHop['groups']>[number];

/**
 * What a plan would do to the fleet as it is now: message CheckPlanResponse, without its diagnostics.
 *
 * @param ceiling how many nodes of the fleet its policy lets be unavailable at once.
 */
export function showPlan(resolved: Resolved, first: FrozenPlan, ceiling: number): Pick<CheckPlanResponse, 'hops' | 'satisfied' | 'notChecked' | 'manifests'> {
  const frozen: FrozenPlan[] = [];
  for (let each: FrozenPlan | null = first; each !== null; each = each.chain?.next ?? null) frozen.push(each);
  return {
    hops: resolved.hops.map((hop, index) => showHop(resolved, hop, frozen[index] ?? first, ceiling)),
    satisfied: [...(frozen.at(-1)?.satisfied ?? [])],
    notChecked: notChecked(resolved.hops),
    manifests: [...runtimeClasses(resolved.hops.flatMap(({ steps }) => [...steps.values()].flat()).map(({ step }) => step))],
  };
}

/** Agents do not tell what lies in their sources: whether a host finds what it is to install, only staging shows. */
function notChecked(hops: readonly Hop[]): string[] {
  const hosts = new Map<string, Set<NodeName>>();
  for (const [name, steps] of hops.flatMap((hop) => [...hop.steps])) {
    for (const { step } of steps) {
      if (!('sources' in step) || step.sources.length === 0) continue;
      const what = `${describeStep(step)} in ${step.sources.join(' or ')}`;
      hosts.set(what, (hosts.get(what) ?? new Set()).add(name));
    }
  }
  return [...hosts].map(([what, names]) => `whether ${names.size === 1 ? '1 host finds' : `${names.size} hosts find`} ${what}`);
}

function showHop({ roleOf, drainOf }: Resolved, hop: Hop, { waves, maxUnavailable }: FrozenPlan, ceiling: number): PlannedHop {
  const groups = new Map<string, PlannedGroup>();
  for (const node of waves.flatMap(({ nodes }) => nodes)) {
    const steps = hop.steps.get(node) ?? [];
    const role = hop.order.first.has(node) ? 'first control plane' : roleOf(node).replace('-', ' ');
    const { isDrained, because } = drainOf(hop, node);
    const key = JSON.stringify([role, steps, because]);
    const nodes = [...(groups.get(key)?.nodes ?? []), node];
    groups.set(key, { nodes, role, steps: steps.map(showStep), drained: isDrained, drainedBecause: because });
  }
  const limits = { maxUnavailable: Math.min(maxUnavailable, ceiling), wantedUnavailable: maxUnavailable };
  return { target: hop.target, ...limits, waves: waves.map(({ name, nodes }) => ({ name, nodes: [...nodes] })), groups: [...groups.values()] };
}

function showStep({ step, because }: ComposedStep) {
  return { name: step.name, kind: step.kind, detail: describeStep(step), because };
}
