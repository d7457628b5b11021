import type { Diagnostic } from '../domain/diagnostic.ts';
import type { Plan } from '../domain/plan.ts';
import { checkFile } from './check-file.ts';
import { compileProcedure } from './compile-procedure.ts';
import { compileSteps } from './compile-steps.ts';
import { crossCheckPlan } from './cross-check-plan.ts';
import type { PlanFile } from './plan-schema.ts';
import { planFile } from './plan-schema.ts';
import { parsePath } from './property-path.ts';
import { EVERY_NODE } from './selector-field.ts';

export type ParsedPlan =
  | {
      readonly ok: true;
      readonly plan: Plan;
      readonly warnings: readonly Diagnostic[];
      /** Where `spec.waves[0].select` stands; for what shows only when the fleet is looked at. */
      readonly locate: (path: string) => { readonly line: number; readonly column: number };
    }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/**
 * Reads a plan and tells everything that is wrong with it at once. `file` is only shown.
 *
 * A `service: { restart }` after packages becomes `[guard, packages, restart]`, so that a revert restarts the unit on
 * the old packages and proves it: see compile-steps.ts. Without `waves` there is one, `all`. Without a limit the
 * careful one holds: one node at a time, no failure, pause.
 */
export function parsePlan(text: string, file: string): ParsedPlan {
  const checked = checkFile(text, file, planFile, crossCheckPlan);
  if (!checked.ok) return checked;
  const { value, warnings, source } = checked;
  const locate = (path: string) => {
    const { line, column } = source.diagnostic({ path: parsePath(path), at: 'value', code: 'conflict', message: '', severity: 'error' });
    return { line, column };
  };
  return { ok: true, plan: toPlan(value), warnings, locate };
}

function toPlan({ metadata, spec }: PlanFile): Plan {
  const { select, waves, maxUnavailable, maxFailures, onFailure, onSilence, silence, minDonePercent, allowControlPlaneOutage, drain, drainTimeout, steps, procedure } = spec;
  return {
    name: metadata.name,
    select,
    waves: waves?.map(({ name, select: ofWave, most, soak }) => ({ name, select: ofWave, most: most ?? null, soakMs: soak })) ?? [{ name: 'all', select: EVERY_NODE, most: null, soakMs: 0 }],
    maxUnavailable,
    maxFailures,
    onFailure,
    onSilence,
    silenceMs: onSilence === 'revert' ? silence : 0,
    minDonePercent,
    allowControlPlaneOutage,
    drain,
    drainTimeoutMs: drainTimeout,
    steps: compileSteps(steps ?? []),
    procedure: procedure === undefined ? null : compileProcedure(procedure),
  };
}
