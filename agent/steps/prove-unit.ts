import type { ServiceSpec } from '../../shared/domain/step-spec.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { UnitLook, Units } from '../ports/units.ts';
import { STEP_OK, type StepContext, type StepResult, stepFailure } from './step.ts';

const STARTING_LOOK_MS = 200;

/**
 * After a boot what a unit needs may come up later than the unit, and systemd starts it again meanwhile: a kubelet ends where
 * it finds no container runtime yet. Past this it counts as crashed.
 */
export const SETTLED_WITHIN_MS = 120_000;

/** What ran before is known to stay up: going back it is not watched for as long as what is new. */
export const KNOWN_WATCH_MS = 10_000;

export function looksAtKnown<Spec extends Omit<Looks, 'unit'>>(spec: Spec): Spec {
  return { ...spec, looks: Math.min(spec.looks, 1 + Math.ceil(KNOWN_WATCH_MS / spec.lookIntervalMs)) };
}

type Looks = Pick<ServiceSpec, 'unit' | 'looks' | 'lookIntervalMs'>;

/** So many looks in a row see the unit active, with the same main process, never restarted by systemd. */
export async function proveUnit(units: Units, clock: Clock, spec: Looks, context: StepContext): Promise<StepResult> {
  const deadlineMs = clock.monotonicMs() + (context.bootedSince ? SETTLED_WITHIN_MS : 0);
  for (;;) {
    const proof = await lookOn(units, clock, spec, context);
    if (proof.ok || proof.outcome.code !== 'unit-crashed' || clock.monotonicMs() >= deadlineMs) return proof;
    await clock.sleep(STARTING_LOOK_MS, context.signal);
  }
}

async function lookOn(units: Units, clock: Clock, spec: Looks, context: StepContext): Promise<StepResult> {
  let first: UnitLook | null = null;
  for (let seen = 0; seen < spec.looks; ) {
    const now = await units.look(spec.unit, context.signal);
    if (now === null) return stepFailure('unit-not-found', `${spec.unit} is gone`, spec.unit);
    const crash = crashOf(first, now);
    if (crash !== '') {
      context.output(await units.lastLines(spec.unit, context.signal));
      return stepFailure('unit-crashed', `${spec.unit} ${crash}; on the host: journalctl -u ${spec.unit}`, spec.unit);
    }
    // Still on its way up: only the step's timeout ends this wait.
    const starting = now.activeState === 'activating' || now.activeState === 'reloading';
    // The main process counts from when the unit is up, its restarts from the first look.
    if (first === null) first = now;
    else if (first.activeState !== 'active') first = { ...now, restarts: first.restarts };
    if (!starting) seen += 1;
    if (seen < spec.looks) await clock.sleep(starting ? STARTING_LOOK_MS : spec.lookIntervalMs, context.signal);
  }
  return STEP_OK;
}

export function isUp({ activeState }: UnitLook): boolean {
  return activeState === 'active' || activeState === 'activating' || activeState === 'reloading';
}

/** What a look says of a crash since the first one; '' where nothing crashed. */
export function crashOf(first: UnitLook | null, now: UnitLook): string {
  if (now.subState === 'auto-restart') return 'ended and is being restarted by systemd';
  if (!isUp(now)) return `is ${now.activeState} (${now.subState})`;
  if (first === null) return '';
  if (now.restarts !== first.restarts) return `was restarted by systemd ${now.restarts - first.restarts} times`;
  const bothUp = first.activeState === 'active' && now.activeState === 'active';
  return bothUp && now.mainPid !== first.mainPid ? `changed its main process from ${first.mainPid} to ${now.mainPid}` : '';
}
