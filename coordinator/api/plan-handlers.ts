import type { Diagnostic } from '../../shared/domain/diagnostic.ts';
import type { FrozenPlan } from '../../shared/domain/plan.ts';
import { parsePlan } from '../../shared/plan/parse-plan.ts';
import type { Random } from '../../shared/ports/random.ts';
import type { FleetHandlers } from '../../shared/wire/messages.ts';
import { planWaves } from '../core/plan-waves.ts';
import type { Controller } from '../runtime/controller.ts';
import type { FleetLog } from '../runtime/fleet-log.ts';
import type { FleetState } from '../runtime/fleet-state.ts';
import { freezePlan } from '../runtime/freeze-plan.ts';
import { newRolloutId } from '../runtime/rollout-id.ts';
import { type Gate, unary } from './unary.ts';

export interface PlanParts {
  readonly state: FleetState;
  readonly log: FleetLog;
  readonly controller: Controller;
  readonly random: Random;
}

export function planHandlers(gate: Gate, parts: PlanParts): Pick<FleetHandlers, 'CheckPlan' | 'StartRollout'> {
  const { state, log, controller, random } = parts;
  return {
    CheckPlan: unary(gate, { role: 'viewer', action: null }, async ({ yaml, file }) => {
      const { diagnostics, frozen } = resolvePlan(state, yaml, file);
      return {
        diagnostics: [...diagnostics],
        waves: frozen?.waves.map(({ name, nodes }) => ({ name, nodes: [...nodes] })) ?? [],
        steps: frozen?.plan.steps.map((step) => step.name) ?? [],
        maxUnavailable: frozen?.maxUnavailable ?? 0,
      };
    }),

    StartRollout: unary(gate, { role: 'operator', action: 'rollout start', object: (request) => request.file }, async ({ yaml, file }, who) => {
      return await controller.command(async () => {
        const { diagnostics, frozen } = resolvePlan(state, yaml, file);
        if (frozen === null) return { rollout: '', diagnostics: [...diagnostics] };
        const rollout = newRolloutId(random, frozen.plan.name);
        await log.rolloutNow(rollout, { type: 'started', frozen, by: who.name });
        return { rollout, diagnostics: [...diagnostics] };
      });
    }),
  };
}

/** Reads a plan and looks at the fleet, changing nothing. `frozen` is null where a diagnostic is an error. */
function resolvePlan(state: FleetState, yaml: string, file: string): { readonly diagnostics: readonly Diagnostic[]; readonly frozen: FrozenPlan | null } {
  const parsed = parsePlan(yaml, file);
  if (!parsed.ok) return { diagnostics: parsed.diagnostics, frozen: null };
  const nodes = [...state.nodes.values()].map((view) => view.record);
  const planned = planWaves(parsed.plan, nodes);
  const problems = planned.problems.map(
    (problem): Diagnostic => ({ file, ...parsed.locate(problem.path), ...problem, severity: 'error' }),
  );
  const diagnostics = [...parsed.warnings, ...problems];
  return { diagnostics, frozen: problems.length > 0 ? null : freezePlan(parsed.plan, planned.waves) };
}
