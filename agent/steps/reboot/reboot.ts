import type { RebootSpec } from '../../../shared/domain/step-spec.ts';
import type { HostBoot } from '../../ports/host-boot.ts';
import type { Units } from '../../ports/units.ts';
import { STEP_OK, type StepContext, type StepExecutor, type StepResult, stepFailure } from '../step.ts';
import { awaitReboot } from './await-reboot.ts';
import { newerKernel } from './newer-kernel.ts';
import { type BootParts, proveBoot } from './prove-boot.ts';

/** The running system as it was found. */
export interface RebootPrior {
  readonly bootId: string;
  readonly kernel: string;
  readonly failedUnits: readonly string[];
  /** Of the spec's units, those that were active. */
  readonly activeUnits: readonly string[];
}

/**
 * `reboot` reboots the host and proves what came up; once it is asked for, the step has no outcome until it is called
 * again after the boot. A power cut in the meantime is a boot like any other. `guard` stands before the steps that change
 * what a boot comes up with: it changes nothing, and going back through it, when those are back, reboots a host that was
 * booted since they changed it, and proves the system of before.
 */
export function rebootStep(parts: BootParts): StepExecutor<RebootSpec, RebootPrior> {
  const { boot, units } = parts;
  const isBooted = (prior: RebootPrior, context: StepContext): boolean => context.bootedSince && boot.bootId() !== prior.bootId;
  return {
    kind: 'reboot',
    reboots: true,
    // A unit may come with a package of an earlier step.
    stage: async () => STEP_OK,
    canRevert: async () => STEP_OK,
    check: async ({ action, onlyIf }) => {
      const needed = action === 'reboot' && (onlyIf === 'always' || (await whyRequired(boot)) !== '');
      return { ok: true, state: needed ? 'needed' : 'satisfied' };
    },
    capture: async (spec, { signal }) => {
      const failedUnits = await boot.failedUnits(signal);
      return { ok: true, prior: { bootId: boot.bootId(), kernel: boot.kernel(), failedUnits, activeUnits: await activeOf(spec, units, signal) } };
    },
    apply: async (spec, prior, context) => (spec.action === 'guard' || isBooted(prior, context) ? STEP_OK : awaitReboot(parts, context)),
    verify: async (spec, prior, context) => {
      if (spec.action === 'guard') return STEP_OK;
      const why = spec.onlyIf === 'required' ? await whyRequired(boot) : '';
      if (!isBooted(prior, context)) return spec.onlyIf === 'required' && why === '' ? STEP_OK : stepFailure('reboot-failed', `the host still runs boot ${boot.bootId()}`);
      const proved = await proveBoot(parts, { failedBefore: prior.failedUnits, active: spec.units }, context);
      if (!proved.ok || why === '') return proved;
      return stepFailure('reboot-failed', `the host booted and still needs to: ${why}; see its boot loader`);
    },
    revert: async (spec, prior, context) => {
      // What is booted now never ran anything else than what was found.
      if (spec.action === 'reboot' || boot.bootId() === prior.bootId) return STEP_OK;
      return context.bootedSince ? proveOldBoot(parts, prior, context) : awaitReboot(parts, context);
    },
  };
}

async function proveOldBoot(parts: BootParts, prior: RebootPrior, context: StepContext): Promise<StepResult> {
  const proved = await proveBoot(parts, { failedBefore: prior.failedUnits, active: prior.activeUnits }, context);
  const kernel = parts.boot.kernel();
  if (!proved.ok || kernel === prior.kernel) return proved;
  return stepFailure('revert-failed', `the host came up with kernel ${kernel} and ran ${prior.kernel} before; choose that one in its boot loader`, prior.kernel);
}

/** @returns '' where no reboot is required. */
async function whyRequired(boot: HostBoot): Promise<string> {
  if (await boot.isRebootRequired()) return '/run/reboot-required lies there';
  const newer = newerKernel(boot.kernel(), await boot.installedKernels());
  return newer === null ? '' : `kernel ${newer} is installed and ${boot.kernel()} runs`;
}

async function activeOf({ units: names }: RebootSpec, units: Units, signal: AbortSignal): Promise<readonly string[]> {
  const looks = await Promise.all(names.map(async (unit) => ({ unit, look: await units.look(unit, signal) })));
  return looks.filter(({ look }) => look?.activeState === 'active').map(({ unit }) => unit);
}
