import type { Plan } from '../domain/plan.ts';
import type { Procedure } from '../domain/procedure.ts';
import { oneHop, type PlannedProcedure, type ProcedureNode } from './composition.ts';
import { planProcedure } from './plan-procedure.ts';

/** What a plan makes each node do: its own steps, the same everywhere, or those that its procedure composes. */
export function planWork(plan: Plan, nodes: readonly ProcedureNode[], nowUnixMs: number): PlannedProcedure {
  if (plan.procedure !== null) return withSomethingToDo(planProcedure(plan.procedure, nodes, nowUnixMs), plan.procedure);
  const steps = plan.steps.map((step) => ({ step, because: '' }));
  return { ok: true, hops: oneHop(nodes, () => steps) };
}

/** A hop without a node is none; a rollout without a hop could neither begin nor end. */
function withSomethingToDo(planned: PlannedProcedure, procedure: Procedure): PlannedProcedure {
  if (!planned.ok) return planned;
  const hops = planned.hops
    .map((hop) => ({ ...hop, steps: new Map([...hop.steps].filter(([, steps]) => steps.length > 0)) }))
    .filter(({ steps }) => steps.size > 0);
  if (hops.length > 0) return { ok: true, hops };
  return { ok: false, problems: [{ code: 'nothing-to-do', path: `procedure.${procedure.kind}`, message: whyNothing(procedure) }] };
}

function whyNothing(procedure: Procedure): string {
  if (procedure.kind !== 'kubeadm-certs-renew') return 'every node that it takes is at the target already; there is nothing to do';
  return `on no control-plane node that it takes a certificate ends in less than ${procedure.whenUnderDays} days; there is nothing to do: raise whenUnderDays to renew them sooner`;
}
