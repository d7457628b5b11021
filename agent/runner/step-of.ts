import type { Generation } from '../../shared/domain/ids.ts';
import type { StepSpec } from '../../shared/domain/step-spec.ts';
import { progressOf, stepProgress } from '../core/progress.ts';
import { hasBootedSince } from '../core/resume.ts';
import type { StepContext, StepExecutor } from '../steps/step.ts';
import type { RunnerParts, Work } from './work.ts';

export interface StepAtWork {
  readonly spec: StepSpec;
  readonly executor: StepExecutor<StepSpec>;
  readonly context: (signal: AbortSignal) => StepContext;
}

/** Indexes of the steps that nothing goes back behind once they are applied. */
export function stepsOfNoReturn(work: Work, parts: RunnerParts): ReadonlySet<number> {
  return new Set(work.steps.flatMap((spec, step) => (pointOfNoReturn(spec, parts) === null ? [] : [step])));
}

export function pointOfNoReturn(spec: StepSpec, parts: RunnerParts): string | null {
  const executor = parts.executors[spec.kind] as StepExecutor<StepSpec>;
  return executor.pointOfNoReturn?.(spec) ?? null;
}

/** Indexes of the steps that have the host reboot. */
export function stepsThatReboot(work: Work, parts: RunnerParts): ReadonlySet<number> {
  return new Set(work.steps.flatMap(({ kind }, step) => (parts.executors[kind].reboots === true ? [step] : [])));
}

/** @param home whose folder the step works in: its own generation's, or that of the one that is rolled back. */
export async function stepOf(work: Work, step: number, home: Generation, parts: RunnerParts): Promise<StepAtWork> {
  const spec = work.steps[step];
  if (spec === undefined) throw new Error(`generation ${work.generation} has no step ${step}`);
  const folder = await parts.files.folder(home, step);
  const output = parts.files.output(home, step);
  const executor = parts.executors[spec.kind] as StepExecutor<StepSpec>;
  const earlier = await Promise.all(work.steps.slice(0, step).map(async (one, index) => ({ spec: one, folder: await parts.files.folder(home, index) })));
  const bootedSince = hasBootedSince(attemptsOf(work, step, parts), parts.bootId);
  return { spec, executor, context: (signal) => ({ folder, output, signal, stop: parts.stop, bootedSince, node: parts.node, rollout: work.rollout, earlier }) };
}

/** Of the way that the assignment goes now. */
function attemptsOf({ generation }: Work, step: number, { journal }: RunnerParts): readonly string[] {
  const progress = progressOf(journal.records, generation);
  if (progress === null) return [];
  const { attempts, revertAttempts } = stepProgress(progress, step);
  return progress.direction === 'back' ? revertAttempts : attempts;
}
