import type { ModulesSpec } from '../../../shared/domain/steps/modules-spec.ts';
import { type KernelModules, kernelName } from '../../ports/kernel-modules.ts';
import { DriftMemory } from '../files/drift-memory.ts';
import { applyFiles, areThere, canRevertFiles, captureFiles, type ManagedFilesPrior, refuseFiles, revertFiles, verifyFiles, type WantedFile } from '../files/managed-files.ts';
import { STEP_OK, type StepContext, type StepExecutor, type StepResult, stepFailure } from '../step.ts';

export interface ModulesPrior extends ManagedFilesPrior {
  /** Modules that the step loads, needed ones before those that need them: none of them was loaded. */
  readonly missing: readonly string[];
}

const HEADER = '# Written by Farrier; a plan changes it.\n';

/** Kernel modules, loaded now and at every boot, and back. `folder`: /etc/modules-load.d. */
export function modulesStep(kernel: KernelModules, stateDir: string, folder: string): StepExecutor<ModulesSpec, ModulesPrior> {
  const memory = new DriftMemory(stateDir);
  const wanted = ({ config, modules }: ModulesSpec): readonly WantedFile[] => [
    { path: `${folder}/farrier-${config}.conf`, state: 'present', content: Buffer.from(HEADER + modules.map((name) => `${name}\n`).join('')), mode: 0o644, uid: 0, gid: 0 },
  ];
  return {
    kind: 'modules',
    // A module may come with a package of an earlier step: only its own turn can say that there is none.
    stage: async (spec) => (await refuseFiles(memory, wanted(spec), spec.onDrift)) ?? STEP_OK,
    check: async (spec, context) => {
      const refused = await refuseFiles(memory, wanted(spec), spec.onDrift);
      if (refused !== null) return refused;
      const absent = await absentOf(kernel, spec, context);
      return { ok: true, state: absent.length === 0 && (await areThere(wanted(spec))) ? 'satisfied' : 'needed' };
    },
    capture: async (spec, context) => {
      const loaded = new Set(await kernel.loaded());
      const missing: string[] = [];
      for (const name of await absentOf(kernel, spec, context)) {
        const needs = await kernel.needs(name, context);
        if (needs === null) return stepFailure('module-unknown', `this host has no kernel module ${name}; check its name, or install the package that holds it in an earlier step`, name);
        missing.push(...needs.filter((one) => !loaded.has(one) && !missing.includes(one)));
      }
      const captured = await captureFiles(memory, wanted(spec), context);
      return captured.ok ? { ok: true, prior: { ...captured.prior, missing } } : captured;
    },
    apply: async (spec, _prior, context) => {
      const applied = await applyFiles(memory, wanted(spec));
      if (!applied.ok) return applied;
      for (const name of await absentOf(kernel, spec, context)) {
        const said = await kernel.load(name, context);
        if (said !== '') return stepFailure('apply-failed', `modprobe ${name}: ${said}`, name);
      }
      return STEP_OK;
    },
    verify: async (spec, _prior, context) => {
      const absent = await absentOf(kernel, spec, context);
      if (absent[0] !== undefined) return stepFailure('verify-failed', `${absent.join(', ')} is not loaded`, absent[0]);
      return verifyFiles(wanted(spec));
    },
    revert: async (_spec, prior, context) => {
      const reverted = await revertFiles(memory, prior, context);
      return reverted.ok ? unload(kernel, prior, context) : reverted;
    },
    canRevert: (_spec, prior, context) => canRevertFiles(prior, context),
  };
}

async function absentOf(kernel: KernelModules, { modules }: ModulesSpec, context: StepContext): Promise<readonly string[]> {
  const absent: string[] = [];
  for (const name of modules) if ((await kernel.look(name, context)) === 'absent') absent.push(kernelName(name));
  return absent;
}

/** Only what this step loaded. What somebody took into use meanwhile stays: a loaded module changes nothing by itself. */
async function unload(kernel: KernelModules, { missing }: ModulesPrior, context: StepContext): Promise<StepResult> {
  const loaded = new Set(await kernel.loaded());
  for (const name of missing.toReversed()) {
    if (loaded.has(name) && (await kernel.unload(name, context)) === 'in-use') context.output(`farrier: ${name} was loaded by this step and is in use; it stays until the next boot\n`);
  }
  return STEP_OK;
}
