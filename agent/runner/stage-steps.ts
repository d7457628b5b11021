import { OK, WHOLE_SEQUENCE } from '../../shared/domain/journal-record.ts';
import { stepProgress } from '../core/progress.ts';
import { STEP_OK, type StepResult, stepFailure } from '../steps/step.ts';
import { appendRecord } from './append-record.ts';
import { guarded } from './guarded.ts';
import { pointOfNoReturn, stepOf } from './step-of.ts';
import type { RunnerParts, Work } from './work.ts';

/** A slow link is no failure for a good while: staging holds nobody up and disrupts nothing. */
const STAGE_MAX_MS = 4 * 3_600_000;
const ATTEMPTS_MAX = 3;
const RETRY_WAIT_MS = 10_000;

const NOTHING_TO_REVERT = stepFailure('nothing-to-revert', 'the assignment that is to be rolled back is not the last one done on this host');

/** Stages every step, or ends the assignment as `refused` with why one cannot be. Stopped, it journals nothing and is called again. */
export async function stageSteps(work: Work, parts: RunnerParts): Promise<void> {
  const { stop } = parts;
  if (work.action === 'rollback' && work.home === null) {
    appendRecord(work, parts, { kind: 'refused', outcome: NOTHING_TO_REVERT.outcome });
    return;
  }
  for (const step of work.steps.keys()) {
    const result = await stageStep(work, step, parts);
    if (stop.aborted) return;
    appendRecord(work, parts, { kind: 'stage', step, outcome: result.ok ? OK : result.outcome });
    if (result.ok) continue;
    appendRecord(work, parts, { kind: 'refused', outcome: result.outcome });
    return;
  }
  appendRecord(work, parts, { kind: 'stage', step: WHOLE_SEQUENCE, outcome: OK });
}

async function stageStep(work: Work, step: number, parts: RunnerParts): Promise<StepResult> {
  const { stop } = parts;
  if (work.action === 'rollback') return stageRollback(work, step, parts);
  const made = await guarded(async () => ({ ok: true as const, at: await stepOf(work, step, work.generation, parts) }), STAGE_MAX_MS, stop);
  if (!made.ok) return made;
  const { spec, executor, context } = made.at;
  for (let attempt = 1; ; attempt += 1) {
    const result = await guarded((signal) => executor.stage(spec, context(signal)), STAGE_MAX_MS, stop);
    // Only the network mends itself.
    if (result.ok || result.outcome.code !== 'source-unreachable' || attempt === ATTEMPTS_MAX) return result;
    parts.logger.warn('staging failed, trying again', { step, attempt, ...result.outcome });
    await parts.clock.sleep(RETRY_WAIT_MS * attempt, stop).catch(() => undefined);
    if (stop.aborted) return result;
  }
}

async function stageRollback(work: Work, step: number, parts: RunnerParts): Promise<StepResult> {
  const { home } = work;
  const known = home === null ? null : stepProgress(home, step).prior;
  if (home === null) return NOTHING_TO_REVERT;
  if (known === null) return stepFailure('nothing-to-revert', `step ${step} of generation ${home.generation} kept nothing`);
  const { spec, executor, context } = await stepOf(work, step, home.generation, parts);
  const point = pointOfNoReturn(spec, parts);
  if (point !== null) return stepFailure('nothing-to-revert', `step ${spec.name} of generation ${home.generation} passed a point of no return: ${point}`);
  const prior = await parts.files.readPrior(home.generation, step, known);
  if (prior === undefined) return stepFailure('prior-unavailable', `what generation ${home.generation} kept of the state before cannot be read`);
  const result = await guarded((signal) => executor.canRevert(spec, prior, context(signal)), spec.timeoutMs, parts.stop);
  return result.ok ? STEP_OK : result;
}
