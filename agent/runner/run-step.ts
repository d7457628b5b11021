import { OK } from '../../shared/domain/journal-record.ts';
import { progressOf, stepProgress } from '../core/progress.ts';
import { heldPast, isPastNoReturn, type NextAction } from '../core/resume.ts';
import { STEP_OK, type StepResult, stepFailure } from '../steps/step.ts';
import { appendRecord } from './append-record.ts';
import { guarded, guardedUntil, isStopped, type StepEnd } from './guarded.ts';
import { stepOf, stepsOfNoReturn } from './step-of.ts';
import type { RunnerParts, Work } from './work.ts';

type RunAction = Extract<NextAction, { readonly kind: 'run' }>;
type RevertAction = Extract<NextAction, { readonly kind: 'revert' }>;

/**
 * begin, check, capture, apply, verify, each journaled before the next begins; what fails is put back.
 * @returns how the last thing it did went: the step, or its revert.
 */
export async function runStep(work: Work, { step, attempt, prior }: RunAction, parts: RunnerParts): Promise<StepEnd> {
  appendRecord(work, parts, { kind: 'begin', step, attempt });
  const result = await forward(work, step, attempt, prior, parts);
  if (isStopped(result)) return result;
  if (!result.ok) {
    parts.logger.warn('step failed', { step, attempt, ...result.outcome });
    const progress = progressOf(parts.journal.records, work.generation);
    const kept = progress === null ? null : stepProgress(progress, step).prior;
    // Past the point of no return there is only forward: it is tried again, and then held.
    if (progress === null || isPastNoReturn(progress, stepsOfNoReturn(work, parts)) || (await hasCrossed(work, step, kept, parts))) return result;
    return revertStep(work, { kind: 'revert', step, attempt: 1, prior: kept, failure: result.outcome }, parts);
  }
  appendRecord(work, parts, { kind: 'verified', step, attempt, outcome: { ...OK, message: result.note ?? '' } });
  return STEP_OK;
}

async function forward(work: Work, step: number, attempt: number, known: string | null, parts: RunnerParts): Promise<StepEnd> {
  const { spec, executor, context } = await stepOf(work, step, work.generation, parts);
  const checked = await guarded((signal) => executor.check(spec, context(signal)), spec.timeoutMs);
  if (!checked.ok) return checked;
  let prior: unknown;
  if (known === null) {
    const captured = await guarded((signal) => executor.capture(spec, context(signal)), spec.timeoutMs);
    if (!captured.ok) return captured;
    prior = captured.prior;
    const kept = await guarded(async () => ({ ok: true as const, digest: await parts.files.keepPrior(work.generation, step, prior) }), spec.timeoutMs);
    if (!kept.ok) return kept;
    appendRecord(work, parts, { kind: 'prior', step, attempt, payloadDigest: kept.digest });
  } else {
    prior = await parts.files.readPrior(work.generation, step, known);
    if (prior === undefined) return stepFailure('prior-unavailable', 'what was kept of the state before cannot be read; nothing more was changed');
  }
  let note = '';
  if (checked.state === 'needed') {
    const applied = await guardedUntil(parts.stop, (signal) => executor.apply(spec, prior, context(signal)), spec.timeoutMs);
    if (!applied.ok) return applied;
    note = applied.note ?? '';
  }
  // A record must not outlive what it says: after a power cut the host would be newer on paper than on disk.
  const settled = await settle(parts, spec.timeoutMs);
  if (!settled.ok) return settled;
  appendRecord(work, parts, { kind: 'applied', step, attempt, outcome: { ...OK, code: checked.state === 'needed' ? 'ok' : 'satisfied', message: note } });
  return guarded((signal) => executor.verify(spec, prior, context(signal)), spec.timeoutMs);
}

/** Leaves no `reverted` where it failed: the next attempt is counted by its `reverting`. */
export async function revertStep(work: Work, { step, attempt, prior: known, failure }: RevertAction, parts: RunnerParts): Promise<StepEnd> {
  if (await hasCrossed(work, step, known, parts)) return { ok: false, outcome: heldPast(failure) };
  appendRecord(work, parts, { kind: 'reverting', step, attempt, outcome: failure });
  // The prior is journaled before apply is called: without one nothing was changed.
  const result = known === null ? STEP_OK : await back(work, step, work.generation, known, parts);
  if (isStopped(result)) return result;
  if (result.ok) appendRecord(work, parts, { kind: 'reverted', step, attempt, outcome: OK });
  else parts.logger.error('revert failed', { step, attempt, ...result.outcome });
  return result;
}

/** What cannot be read is taken for crossed: holding loses nothing, putting back might. */
async function hasCrossed(work: Work, step: number, known: string | null, parts: RunnerParts): Promise<boolean> {
  const { spec, executor, context } = await stepOf(work, step, work.generation, parts);
  if (executor.crossed === undefined || known === null) return false;
  const prior = await parts.files.readPrior(work.generation, step, known);
  if (prior === undefined) return true;
  const crossed = await guarded(async (signal) => ({ ok: true as const, is: await executor.crossed?.(spec, prior, context(signal)) }), spec.timeoutMs);
  return !crossed.ok || crossed.is === true;
}

/** A step of an earlier assignment is put back, as an action of this one. */
export async function rollBackStep(work: Work, { step, attempt }: RunAction, parts: RunnerParts): Promise<StepEnd> {
  appendRecord(work, parts, { kind: 'begin', step, attempt });
  const { home } = work;
  const known = home === null ? null : stepProgress(home, step).prior;
  const result = home === null || known === null
    ? stepFailure('prior-unavailable', 'the earlier assignment kept nothing to go back to')
    : await back(work, step, home.generation, known, parts);
  if (isStopped(result)) return result;
  if (!result.ok) {
    parts.logger.error('rollback of a step failed', { step, attempt, ...result.outcome });
    return result;
  }
  appendRecord(work, parts, { kind: 'applied', step, attempt, outcome: OK });
  appendRecord(work, parts, { kind: 'verified', step, attempt, outcome: OK });
  return STEP_OK;
}

async function back(work: Work, step: number, generation: number, known: string, parts: RunnerParts): Promise<StepEnd> {
  const { spec, executor, context } = await stepOf(work, step, generation, parts);
  const prior = await parts.files.readPrior(generation, step, known);
  if (prior === undefined) return stepFailure('prior-unavailable', 'what was kept of the state before cannot be read');
  const reverted = await guardedUntil(parts.stop, (signal) => executor.revert(spec, prior, context(signal)), spec.timeoutMs);
  return reverted.ok ? settle(parts, spec.timeoutMs) : reverted;
}

function settle(parts: RunnerParts, timeoutMs: number): Promise<StepResult> {
  return guarded(async (signal) => {
    await parts.settle(signal);
    return STEP_OK;
  }, timeoutMs);
}
