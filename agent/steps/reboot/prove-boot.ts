import type { Clock } from '../../../shared/ports/clock.ts';
import type { HostBoot } from '../../ports/host-boot.ts';
import type { Units } from '../../ports/units.ts';
import { proveUnit } from '../prove-unit.ts';
import { STEP_OK, type StepContext, type StepResult, stepFailure } from '../step.ts';

const STATE_LOOK_MS = 500;
/** As long as for a restarted unit: see the plan's `service`. */
const LOOKS = { looks: 31, lookIntervalMs: 1_000 } as const;

export interface BootParts {
  readonly boot: HostBoot;
  readonly units: Units;
  readonly clock: Clock;
}

export interface BootExpected {
  /** Failed before the boot too: nothing that it broke. */
  readonly failedBefore: readonly string[];
  readonly active: readonly string[];
}

/** Waits for the end of the boot: systemd is `running`, or `degraded` by no unit that had not failed before, and named units stay up. */
export async function proveBoot({ boot, units, clock }: BootParts, expected: BootExpected, context: StepContext): Promise<StepResult> {
  let state = await boot.state(context.signal);
  for (; isStarting(state); state = await boot.state(context.signal)) await clock.sleep(STATE_LOOK_MS, context.signal);
  const failed = (await boot.failedUnits(context.signal)).filter((unit) => !expected.failedBefore.includes(unit));
  const [first] = failed;
  if (first !== undefined) {
    context.output(await units.lastLines(first, context.signal));
    return stepFailure('verify-failed', `${failed.join(', ')} failed after the boot and had not failed before it; on the host: journalctl -b -u ${failed.join(' -u ')}`, first);
  }
  if (state !== 'running' && state !== 'degraded') return stepFailure('verify-failed', `the boot ended with systemd in the state ${state}; see systemctl is-system-running on the host`);
  const proofs = await Promise.all(expected.active.map((unit) => proveUnit(units, clock, { unit, ...LOOKS }, context)));
  return proofs.find((proof) => !proof.ok) ?? STEP_OK;
}

/** Before the first job, and until the last one of the boot is done. */
function isStarting(state: string): boolean {
  return state === 'initializing' || state === 'starting';
}
