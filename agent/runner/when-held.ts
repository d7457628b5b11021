import { progressOf, stepProgress } from '../core/progress.ts';
import { guarded } from './guarded.ts';
import { stepOf } from './step-of.ts';
import type { RunnerParts, Work } from './work.ts';

/** Steps that are neither done nor put back give back what guards the host, before it is left to a person. What fails is logged: it is held all the same. */
export async function whenHeld(work: Work, parts: RunnerParts): Promise<void> {
  const progress = progressOf(parts.journal.records, work.generation);
  // A rollback works with what the assignment kept that it puts back.
  const { generation } = work.home ?? work;
  for (const [step, { verified, reverted, prior }] of progress?.steps ?? []) {
    const known = work.home === null ? prior : stepProgress(work.home, step).prior;
    if (verified || reverted || known === null) continue;
    const { spec, executor, context } = await stepOf(work, step, generation, parts);
    const found = await parts.files.readPrior(generation, step, known);
    if (executor.whenHeld === undefined || found === undefined) continue;
    const result = await guarded(async (signal) => executor.whenHeld?.(spec, found, context(signal)), spec.timeoutMs);
    if (result?.ok === false) parts.logger.error('cannot give back what guards the host', { step, ...result.outcome });
  }
}
