import { readFileSync } from 'node:fs';

import type { RunnerParts } from '../../agent/runner/work.ts';
import { type Executors, STEP_OK, type StepExecutor, stepFailure } from '../../agent/steps/step.ts';
import type { StepSpec } from '../../shared/domain/step-spec.ts';

/**
 * verify    says that it failed, after the step did its work
 * apply     stops its own process once the step did its work and nothing of it is synced
 * applied   stops its own process right before that record: the work is synced, and the journal knows nothing of it
 * revert    is left out, and says that it was done
 */
export type ToldPlace = 'verify' | 'apply' | 'applied' | 'revert';

export interface Told {
  readonly place: ToldPlace;
  /** Its name. */
  readonly step: string;
}

type Settle = RunnerParts['settle'];

export function toldFile(stateDir: string): string {
  return `${stateDir}/told`;
}

/** What a work unit runs, as the file on its host tells it at that moment. */
export function toldAgent(executors: Executors, settle: Settle, stateDir: string): { readonly executors: Executors; readonly settle: Settle } {
  const isTold = (place: ToldPlace, step: string): boolean => readTold(stateDir).some((one) => one.place === place && one.step === step);
  let forward = '';
  const told = <Spec extends StepSpec>(executor: StepExecutor<Spec>): StepExecutor<Spec> => ({
    ...executor,
    check: async (spec, context) => {
      forward = spec.name;
      return executor.check(spec, context);
    },
    verify: async (spec, prior, context) => (isTold('verify', spec.name) ? stepFailure('verify-failed', 'told to fail') : executor.verify(spec, prior, context)),
    revert: async (spec, prior, context) => {
      forward = '';
      return isTold('revert', spec.name) ? STEP_OK : executor.revert(spec, prior, context);
    },
  });
  const stopAt = (place: ToldPlace): void => {
    if (forward !== '' && isTold(place, forward)) process.kill(process.pid, 'SIGSTOP');
  };
  return {
    executors: Object.fromEntries(Object.entries(executors).map(([kind, executor]) => [kind, told(executor as StepExecutor<StepSpec>)])) as unknown as Executors,
    // The runner settles what a step did right before it writes `applied`.
    settle: async (signal) => {
      stopAt('apply');
      await settle(signal);
      stopAt('applied');
    },
  };
}

function readTold(stateDir: string): readonly Told[] {
  try {
    return JSON.parse(readFileSync(toldFile(stateDir), 'utf8')) as readonly Told[];
  } catch {
    return [];
  }
}
