import type { ServiceSpec } from '../../shared/domain/step-spec.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { UnitLook, Units } from '../ports/units.ts';
import { isUp, looksAtKnown, proveUnit } from './prove-unit.ts';
import { type CheckResult, STEP_OK, type StepContext, type StepFailure, type StepResult, stepFailure } from './step.ts';

/** A unit as it was found. */
export interface NamedLook {
  readonly unit: string;
  readonly look: UnitLook;
}

/**
 * What has to go for a unit to be off: its sockets, timers and paths before it, for any of them would start it again.
 * @returns null where systemd does not know the unit itself.
 */
export async function lookTogether(units: Units, unit: string, signal: AbortSignal): Promise<readonly NamedLook[] | null> {
  const { triggers } = await units.starters(unit, signal);
  const found: NamedLook[] = [];
  for (const name of [...triggers, unit]) {
    const look = await units.look(name, signal);
    if (look !== null) found.push({ unit: name, look });
  }
  return found.at(-1)?.unit === unit ? found : null;
}

/** What others need would be back at once. */
export async function checkDisable(units: Units, { unit }: ServiceSpec, together: readonly NamedLook[], { signal }: StepContext): Promise<CheckResult> {
  const own = together.map((one) => one.unit);
  const { needers } = await units.starters(unit, signal);
  const needer = needers.find((one) => !own.includes(one));
  if (needer !== undefined) return stepFailure('not-allowed', `${needer} wants or requires ${unit} and would start it again, or would be stopped with it; take that out of ${needer} first: systemctl cat ${needer}`, needer);
  return { ok: true, state: together.every(isOff) ? 'satisfied' : 'needed' };
}

/** Nothing starts it from here on, then nothing runs. Idempotent. */
export async function disable(units: Units, together: readonly NamedLook[], { signal }: StepContext): Promise<StepResult> {
  for (const { unit, look } of together) {
    const said = isEnabled(look) ? await units.disable(unit, signal) : '';
    if (said !== '') return stepFailure('apply-failed', `${unit} cannot be disabled: ${said}`, unit);
  }
  for (const { unit } of together) {
    const said = await units.stop(unit, signal);
    if (said !== '') return stepFailure('apply-failed', `${unit} cannot be stopped: ${said}`, unit);
  }
  return STEP_OK;
}

export function proveOff(together: readonly NamedLook[]): StepResult {
  const on = together.find((one) => !isOff(one));
  return on === undefined ? STEP_OK : stepFailure('verify-failed', `${on.unit} is ${on.look.activeState} and ${on.look.unitFileState}`, on.unit);
}

/** Brings each of them back as it was, what triggers the unit before the unit. */
export async function putBackOn(units: Units, clock: Clock, spec: ServiceSpec, prior: readonly NamedLook[], context: StepContext): Promise<StepResult> {
  const { signal } = context;
  const halfWay = await stopHalfWay(units, spec, prior, context);
  if (!halfWay.ok) return halfWay;
  for (const { unit, look } of prior) {
    const now = await units.look(unit, signal);
    if (now === null) return stepFailure('unit-not-found', `systemd does not know ${unit} any more, which was ${look.activeState} before`, unit);
    const said = await bringTo(units, unit, now, look, signal);
    if (said === '') continue;
    context.output(await units.lastLines(unit, signal));
    return stepFailure('revert-failed', `${unit} was ${look.unitFileState} and ${look.activeState} before and cannot be brought back: ${said}`, unit);
  }
  const main = prior.find(({ unit }) => unit === spec.unit);
  const stays = main !== undefined && isUp(main.look) ? await proveUnit(units, clock, looksAtKnown(spec), context) : STEP_OK;
  return stays.ok ? proveBack(units, prior, signal) : stays;
}

/** Cut off between the two, the unit still runs and its socket does not: a socket refuses to start before one that runs. */
async function stopHalfWay(units: Units, { unit }: ServiceSpec, prior: readonly NamedLook[], { signal }: StepContext): Promise<StepResult> {
  const running = await units.look(unit, signal);
  if (running === null || !isUp(running)) return STEP_OK;
  for (const trigger of prior) {
    const now = await units.look(trigger.unit, signal);
    if (trigger.unit === unit || !isUp(trigger.look) || now === null || isUp(now)) continue;
    const said = await units.stop(unit, signal);
    return said === '' ? STEP_OK : stepFailure('revert-failed', `${unit} cannot be stopped so that ${trigger.unit} comes back: ${said}`, unit);
  }
  return STEP_OK;
}

async function bringTo(units: Units, unit: string, now: UnitLook, was: UnitLook, signal: AbortSignal): Promise<string> {
  const enablement = isEnabled(now) === isEnabled(was) ? '' : await (isEnabled(was) ? units.enable(unit, signal) : units.disable(unit, signal));
  if (enablement !== '' || isUp(now) === isUp(was)) return enablement;
  return isUp(was) ? units.start(unit, signal) : units.stop(unit, signal);
}

async function proveBack(units: Units, prior: readonly NamedLook[], signal: AbortSignal): Promise<StepFailure | typeof STEP_OK> {
  for (const { unit, look } of prior) {
    const now = await units.look(unit, signal);
    if (now !== null && isUp(now) === isUp(look) && now.unitFileState === look.unitFileState) continue;
    return stepFailure('revert-failed', `${unit} was ${look.unitFileState} and ${look.activeState} before and is ${now === null ? 'gone' : `${now.unitFileState} and ${now.activeState}`}`, unit);
  }
  return STEP_OK;
}

function isOff({ look }: NamedLook): boolean {
  return !isUp(look) && !isEnabled(look);
}

/** For every boot: what is enabled at run time is forgotten by the next one, and what is static cannot be. */
function isEnabled({ unitFileState }: UnitLook): boolean {
  return unitFileState === 'enabled';
}
