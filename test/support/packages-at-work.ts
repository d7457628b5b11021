import assert from 'node:assert/strict';

import { type PackagesPrior, packagesStep } from '../../agent/steps/packages/packages.ts';
import type { StepContext, StepFailure, StepResult } from '../../agent/steps/step.ts';
import type { PackagesSpec } from '../../shared/domain/step-spec.ts';
import type { PackageLab } from './package-lab.ts';
import { stepContext } from './step-context.ts';

/** The step at work in a lab. */
export async function atWork(lab: PackageLab, install: Readonly<Record<string, string>>, conffiles: PackagesSpec['conffiles'] = 'keep', sources = ['lab'], earlier: StepContext['earlier'] = []) {
  return specAtWork(lab, { kind: 'packages', name: 'p', timeoutMs: 60_000, install: Object.entries(install).map(([name, version]) => ({ name, version })), sources, conffiles }, earlier);
}

/** As atWork, for what goes away. */
export function removalAtWork(lab: PackageLab, ...remove: readonly string[]) {
  return specAtWork(lab, { kind: 'packages', name: 'p', timeoutMs: 60_000, install: [], sources: [], conffiles: 'keep', remove }, []);
}

async function specAtWork(lab: PackageLab, spec: PackagesSpec, earlier: StepContext['earlier']) {
  const step = packagesStep(lab.system);
  let output = '';
  const context = stepContext({ folder: await lab.folder(), signal: AbortSignal.timeout(120_000), earlier, output: (text) => { output += text; } });
  return {
    stage: () => step.stage(spec, context),
    check: () => step.check(spec, context),
    capture: async () => {
      const captured = await step.capture(spec, context);
      if (!captured.ok) assert.fail(`capture: ${captured.outcome.code} ${captured.outcome.message}`);
      return captured.prior;
    },
    captureFails: async () => codeOf(await step.capture(spec, context)),
    apply: (prior: PackagesPrior) => step.apply(spec, prior, context),
    verify: (prior: PackagesPrior) => step.verify(spec, prior, context),
    whenHeld: (prior: PackagesPrior) => step.whenHeld?.(spec, prior, context),
    revert: (prior: PackagesPrior) => step.revert(spec, prior, context),
    canRevert: (prior: PackagesPrior) => step.canRevert(spec, prior, context),
    states: (...names: readonly string[]) => lab.system.status(names, context),
    output: () => output,
    spec,
    context,
  };
}

export function codeOf(result: { readonly ok: true } | StepFailure): string {
  return result.ok ? 'ok' : result.outcome.code;
}

export function works(result: StepResult, output = ''): void {
  if (!result.ok) assert.fail(`${result.outcome.code}: ${result.outcome.message}\n${output}`);
}
