import { freezePlan, type Resolved } from '../../coordinator/runtime/freeze-plan.ts';
import type { FrozenPlan, Plan } from '../../shared/domain/plan.ts';
import type { ProcedureNode } from '../../shared/procedures/composition.ts';
import { planWork } from '../../shared/procedures/plan-work.ts';

/** A plan frozen for nodes of which nothing is known but their names; waves as lists of nodes, as the plan calls them. */
export function freezeFor(plan: Plan, waves: readonly (readonly string[])[]): FrozenPlan {
  const nodes = waves.flat().map((name): ProcedureNode => ({ name, cluster: '', facts: null, agent: null, isSelected: true }));
  const work = planWork(plan, nodes, 0);
  if (!work.ok) throw new Error(JSON.stringify(work.problems));
  const resolved: Resolved = {
    ...{ plan, hops: work.hops, controlPlanes: {}, clusterOf: () => '', roleOf: () => '', drainOf: () => ({ isDrained: false, because: '' }) },
    waves: waves.map((names, index) => ({ name: plan.waves[index]?.name ?? `w${index}`, nodes: names, soakMs: 5, needsAll: false })),
  };
  return freezePlan(resolved);
}
