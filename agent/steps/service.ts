import type { ServiceSpec } from '../../shared/domain/step-spec.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { UnitLook, Units } from '../ports/units.ts';
import { checkDisable, disable, lookTogether, type NamedLook, proveOff, putBackOn } from './disable-unit.ts';
import { isUp, looksAtKnown, proveUnit } from './prove-unit.ts';
import { STEP_OK, type StepContext, type StepExecutor, type StepResult, stepFailure } from './step.ts';

/** The unit as it was found. */
export interface ServicePrior {
  readonly unit: UnitLook;
  /** What `disable` takes with it, the unit last. */
  readonly together?: readonly NamedLook[];
}

/**
 * `restart` restarts a unit and proves that it stays up. `guard` stands before the steps that change what the unit runs:
 * it changes nothing, and going back through it, when those are back, restarts the unit on what it ran before. `disable` switches
 * a unit off with whatever would start it again.
 */
export function serviceStep(units: Units, clock: Clock): StepExecutor<ServiceSpec, ServicePrior> {
  return {
    kind: 'service',
    // A unit may come with a package of an earlier step: only its own turn can say. One that cannot be switched off is better known before.
    stage: async (spec, context) => {
      const together = spec.action === 'disable' ? await lookTogether(units, spec.unit, context.signal) : null;
      const checked = together === null ? STEP_OK : await checkDisable(units, spec, together, context);
      return checked.ok ? STEP_OK : checked;
    },
    canRevert: async () => STEP_OK,
    check: async (spec, context) => {
      const together = await lookTogether(units, spec.unit, context.signal);
      if (together === null) return unitNotFound(spec.unit);
      if (spec.action === 'disable') return checkDisable(units, spec, together, context);
      return { ok: true, state: spec.action === 'guard' ? 'satisfied' : 'needed' };
    },
    capture: async (spec, { signal }) => {
      const together = await lookTogether(units, spec.unit, signal);
      const unit = together?.at(-1)?.look;
      if (together === null || unit === undefined) return unitNotFound(spec.unit);
      return { ok: true, prior: spec.action === 'disable' ? { unit, together } : { unit } };
    },
    apply: async (spec, { together = [] }, context) => {
      if (spec.action === 'guard') return STEP_OK;
      return spec.action === 'disable' ? disable(units, together, context) : restart(units, spec, context);
    },
    verify: async (spec, _prior, context) => {
      if (spec.action === 'guard') return STEP_OK;
      return spec.action === 'disable' ? verifyDisabled(units, spec, context) : proveUnit(units, clock, spec, context);
    },
    revert: (spec, prior, context) => (prior.together === undefined ? revert(units, clock, spec, prior, context) : putBackOn(units, clock, spec, prior.together, context)),
  };
}

async function verifyDisabled(units: Units, { unit }: ServiceSpec, { signal }: StepContext): Promise<StepResult> {
  const together = await lookTogether(units, unit, signal);
  return together === null ? unitNotFound(unit) : proveOff(together);
}

async function restart(units: Units, spec: ServiceSpec, context: StepContext): Promise<StepResult> {
  const said = await units.restart(spec.unit, context.signal);
  if (said === '') return STEP_OK;
  context.output(await units.lastLines(spec.unit, context.signal));
  return stepFailure('unit-crashed', `${spec.unit} does not start: ${said}`, spec.unit);
}

/** A unit that did not run before is stopped; a restart that later steps' reverts will repeat (guard) is not repeated here. */
async function revert(units: Units, clock: Clock, spec: ServiceSpec, prior: ServicePrior, context: StepContext): Promise<StepResult> {
  if (!isUp(prior.unit)) {
    const now = await units.look(spec.unit, context.signal);
    if (now === null || !isUp(now)) return STEP_OK;
    const said = await units.stop(spec.unit, context.signal);
    return said === '' ? STEP_OK : stepFailure('revert-failed', `${spec.unit} was not running before and cannot be stopped: ${said}`, spec.unit);
  }
  if (spec.action === 'restart') return STEP_OK;
  if ((await units.look(spec.unit, context.signal)) === null) return unitNotFound(spec.unit);
  const restarted = await restart(units, spec, context);
  return restarted.ok ? proveUnit(units, clock, looksAtKnown(spec), context) : restarted;
}

function unitNotFound(unit: string): ReturnType<typeof stepFailure> {
  return stepFailure('unit-not-found', `systemd knows no unit ${unit} that could run; check its name in the plan, and that it is not masked`, unit);
}
