import type { SysctlSpec } from '../../../shared/domain/steps/sysctl-spec.ts';
import { type KernelSettings, oneLine } from '../../ports/kernel-settings.ts';
import { DriftMemory } from '../files/drift-memory.ts';
import { applyFiles, areThere, canRevertFiles, captureFiles, type ManagedFilesPrior, refuseFiles, revertFiles, verifyFiles, type WantedFile } from '../files/managed-files.ts';
import { laterSettings, means } from './later-settings.ts';
import { STEP_OK, type StepContext, type StepExecutor, type StepFailure, type StepResult, stepFailure } from '../step.ts';

export interface SysctlPrior extends ManagedFilesPrior {
  /** What the kernel had, in the plan's order. */
  readonly values: readonly { readonly key: string; readonly value: string }[];
}

const HEADER = '# Written by Farrier; a plan changes it.\n';

/** Kernel settings, now and after every boot, and back. `folders`: /etc/sysctl.d, then those that a boot reads beside it. */
export function sysctlStep(kernel: KernelSettings, stateDir: string, folders: readonly [string, ...string[]]): StepExecutor<SysctlSpec, SysctlPrior> {
  const memory = new DriftMemory(stateDir);
  const wanted = ({ config, settings }: SysctlSpec): readonly WantedFile[] => {
    const lines = settings.map(({ key, value }) => `${key} = ${value}\n`).join('');
    return [{ path: `${folders[0]}/90-farrier-${config}.conf`, state: 'present', content: Buffer.from(HEADER + lines), mode: 0o644, uid: 0, gid: 0 }];
  };
  const refuse = async (spec: SysctlSpec): Promise<StepFailure | null> => (await refuseFiles(memory, wanted(spec), spec.onDrift)) ?? (await overridden(spec, wanted(spec)[0]?.path ?? '', folders));
  return {
    kind: 'sysctl',
    // A setting may come with a module of an earlier step: only its own turn can say that there is none.
    stage: async (spec) => (await refuse(spec)) ?? STEP_OK,
    check: async (spec) => {
      const refused = await refuse(spec);
      if (refused !== null) return refused;
      const read = await readAll(kernel, spec);
      if (!read.ok) return read;
      return { ok: true, state: (await areThere(wanted(spec))) && wrongSetting(spec, read.values) === null ? 'satisfied' : 'needed' };
    },
    capture: async (spec, context) => {
      const read = await readAll(kernel, spec);
      if (!read.ok) return read;
      const captured = await captureFiles(memory, wanted(spec), context);
      return captured.ok ? { ok: true, prior: { ...captured.prior, values: read.values } } : captured;
    },
    apply: async (spec, _prior, context) => {
      const applied = await applyFiles(memory, wanted(spec));
      if (!applied.ok) return applied;
      const said = await kernel.load(wanted(spec)[0]?.path ?? '', context);
      return said === '' ? STEP_OK : stepFailure('apply-failed', `sysctl: ${said}`, spec.config);
    },
    verify: async (spec) => {
      const written = await verifyFiles(wanted(spec));
      if (!written.ok) return written;
      const read = await readAll(kernel, spec);
      if (!read.ok) return read;
      const wrong = wrongSetting(spec, read.values);
      return wrong === null ? STEP_OK : stepFailure('verify-failed', `${wrong.key} is ${wrong.is}, not ${wrong.value}`, wrong.key);
    },
    revert: (_spec, prior, context) => revert(kernel, memory, prior, context),
    canRevert: (_spec, prior, context) => canRevertFiles(prior, context),
  };
}

async function revert(kernel: KernelSettings, memory: DriftMemory, prior: SysctlPrior, context: StepContext): Promise<StepResult> {
  const reverted = await revertFiles(memory, prior, context);
  if (!reverted.ok) return reverted;
  for (const { key, value } of prior.values.toReversed()) {
    if ((await kernel.read(key)) === value) continue;
    const said = await kernel.write(key, value);
    if (said !== '') return stepFailure('revert-failed', `${key} cannot be set back to ${value}: ${said}`, key);
    const now = await kernel.read(key);
    if (now !== value) return stepFailure('revert-failed', `${key} is ${now ?? 'gone'} and was ${value}`, key);
  }
  return STEP_OK;
}

/** Set now, and taken back by the next boot. */
async function overridden({ settings }: SysctlSpec, path: string, folders: readonly string[]): Promise<StepFailure | null> {
  const later = await laterSettings(path, folders);
  for (const { key, value } of settings) {
    const last = later.findLast((one) => means(one.key, key));
    if (last === undefined || oneLine(last.value) === oneLine(value)) continue;
    return stepFailure('setting-overridden', `${last.path} sets ${last.key} to ${last.value} after ${path} in every boot; take that line out of it, or put ${last.value} into the plan`, key);
  }
  return null;
}

async function readAll(kernel: KernelSettings, { settings }: SysctlSpec): Promise<{ readonly ok: true; readonly values: SysctlPrior['values'] } | StepFailure> {
  const values: { readonly key: string; readonly value: string }[] = [];
  for (const { key } of settings) {
    const value = await kernel.read(key);
    if (value === null) return stepFailure('setting-unknown', `this kernel has no setting ${key} that can be read; check its name, or load its module in an earlier step`, key);
    values.push({ key, value });
  }
  return { ok: true, values };
}

function wrongSetting({ settings }: SysctlSpec, values: SysctlPrior['values']): { readonly key: string; readonly value: string; readonly is: string } | null {
  for (const [index, { key, value }] of settings.entries()) {
    const is = values[index]?.value ?? '';
    if (is !== oneLine(value)) return { key, value, is };
  }
  return null;
}
