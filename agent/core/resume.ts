import type { Digest, Generation } from '../../shared/domain/ids.ts';
import { type JournalRecord, OK, type Outcome } from '../../shared/domain/journal-record.ts';
import { type Progress, progressOf, stepProgress } from './progress.ts';

/** A step begun so often without an outcome breaks the host rather than itself: it is put back. */
export const BEGIN_ATTEMPTS_MAX = 2;
/** A revert begun so often without an outcome needs a person. */
export const REVERT_ATTEMPTS_MAX = 3;

/** What the journal alone says is to be done next. */
export type NextAction =
  | { readonly kind: 'idle' }
  | { readonly kind: 'stage'; readonly generation: Generation }
  | { readonly kind: 'await-permit'; readonly generation: Generation }
  /** `prior`: what revert needs is already kept, and the host may have changed since. */
  | { readonly kind: 'run'; readonly step: number; readonly attempt: number; readonly prior: Digest | null }
  | { readonly kind: 'revert'; readonly step: number; readonly attempt: number; readonly prior: Digest | null; readonly failure: Outcome }
  /** Everything is done or put back; only the last record lacks. */
  | { readonly kind: 'close'; readonly record: 'done' | 'reverted'; readonly outcome: Outcome }
  /** Held: `needs-a-person` or `past-no-return`. `journaled` false: that is not yet written down. */
  | { readonly kind: 'needs-a-person'; readonly journaled: boolean; readonly outcome: Outcome }
  | { readonly kind: 'over'; readonly end: 'done' | 'reverted' | 'refused' };

/** What the envelope and the circumstances add to the journal. */
export interface ResumeView {
  readonly stepCount: number;
  /** `rollback`: each step is the revert of an earlier assignment's step, last one first; there is no way back from it. */
  readonly action: 'sequence' | 'rollback';
  /** The permit's envelope was verified and still holds on this boot's monotonic clock. */
  readonly permitHolds: boolean;
  readonly bootId: string;
  /** Steps that nothing goes back behind once they are applied. */
  readonly noReturn: ReadonlySet<number>;
  /** Steps that have the host reboot, going there or going back. */
  readonly reboots: ReadonlySet<number>;
  /** What a person on the host, or the watchdog, asked for. */
  readonly force: Force | null;
}

export type Force = { readonly to: 'finish' } | { readonly to: 'revert'; readonly why: Outcome };

/** For one generation, open or over; `idle` where the journal knows nothing of it. Everything begun goes on without a permit. */
export function nextAction(records: readonly JournalRecord[], generation: Generation, view: ResumeView): NextAction {
  const progress = progressOf(records, generation);
  return progress === null ? { kind: 'idle' } : nextOf(progress, view);
}

function nextOf(progress: Progress, view: ResumeView): NextAction {
  const { end } = progress;
  if (end !== null && end.kind !== 'needs-a-person') return { kind: 'over', end: end.kind };
  if (!progress.begun) return beforeBegin(progress, view);
  if (end !== null && view.force === null) return { kind: 'needs-a-person', journaled: true, outcome: end.outcome };
  if (view.action === 'rollback') return rollBack(progress, view);
  if (view.force?.to === 'revert') return goBack(progress, view, progress.direction === 'back' ? (progress.failure ?? view.force.why) : view.force.why);
  if (view.force?.to === 'finish' || progress.direction === 'forward') return goForward(progress, view);
  return goBack(progress, view, progress.failure ?? unknownFailure());
}

/** A permit is void when the host booted since, or when the process that asked for it is gone: ask anew. */
function beforeBegin(progress: Progress, view: ResumeView): NextAction {
  const { generation, permit } = progress;
  if (!progress.staged) return { kind: 'stage', generation };
  if (permit === null || permit.bootId !== view.bootId || !view.permitHolds) return { kind: 'await-permit', generation };
  return view.action === 'rollback' ? rollBack(progress, view) : goForward(progress, view);
}

function goForward(progress: Progress, view: ResumeView): NextAction {
  for (let step = 0; step < view.stepCount; step += 1) {
    const { verified, attempts, prior } = stepProgress(progress, step);
    if (verified) continue;
    // A person who says finish has one more try whatever came before.
    if (counted(attempts, step, view) >= BEGIN_ATTEMPTS_MAX && view.force === null) return goBack(progress, view, interruptedTwice(step));
    return { kind: 'run', step, attempt: attempts.length + 1, prior };
  }
  return { kind: 'close', record: 'done', outcome: { ...OK, message: progress.notes.join('; ') } };
}

/** Whether something was applied that nothing goes back behind. */
export function isPastNoReturn(progress: Progress, noReturn: ReadonlySet<number>): boolean {
  return [...progress.steps].some(([step, { applied }]) => applied && noReturn.has(step));
}

function goBack(progress: Progress, view: ResumeView, failure: Outcome): NextAction {
  if (isPastNoReturn(progress, view.noReturn)) return { kind: 'needs-a-person', journaled: false, outcome: heldPast(failure) };
  const begun = [...progress.steps.keys()].toSorted((a, b) => b - a);
  for (const step of begun) {
    const { reverted, revertAttempts, prior } = stepProgress(progress, step);
    if (reverted) continue;
    if (counted(revertAttempts, step, view) >= REVERT_ATTEMPTS_MAX) return { kind: 'needs-a-person', journaled: false, outcome: cannotRevert(step, failure) };
    return { kind: 'revert', step, attempt: revertAttempts.length + 1, prior, failure };
  }
  return { kind: 'close', record: 'reverted', outcome: failure };
}

function rollBack(progress: Progress, view: ResumeView): NextAction {
  for (let step = view.stepCount - 1; step >= 0; step -= 1) {
    const { verified, attempts, prior } = stepProgress(progress, step);
    if (verified) continue;
    if (counted(attempts, step, view) >= REVERT_ATTEMPTS_MAX) return { kind: 'needs-a-person', journaled: false, outcome: cannotRevert(step, null) };
    return { kind: 'run', step, attempt: attempts.length + 1, prior };
  }
  return { kind: 'close', record: 'done', outcome: OK };
}

/**
 * How often it was interrupted. A step that reboots the host is begun in one boot and goes on in the next: that is no
 * interruption, so the boot it was first begun in and those after it are counted apart.
 */
function counted(attempts: readonly string[], step: number, { reboots, bootId }: ResumeView): number {
  if (!reboots.has(step)) return attempts.length;
  const isLater = hasBootedSince(attempts, bootId);
  return attempts.filter((at) => hasBootedSince(attempts, at) === isLater).length;
}

export function hasBootedSince([first]: readonly string[], bootId: string): boolean {
  return first !== undefined && first !== bootId;
}

/** Nothing is put back any more: the host is held with its slot, for a person to finish. */
export function heldPast({ code, message, object }: Outcome): Outcome {
  return { code: 'past-no-return', message: `${code}: ${message}; this host is past its point of no return and is held: mend what this names, then farrier-agent finish`, object };
}

function interruptedTwice(step: number): Outcome {
  return {
    code: 'interrupted-twice',
    message: `step ${step} was interrupted ${BEGIN_ATTEMPTS_MAX} times before it had an outcome; see the host’s journal for what stopped it`,
    object: '',
  };
}

/** Only a journal written by something else names none. */
function unknownFailure(): Outcome {
  return { code: 'internal-error', message: 'the journal does not say why it went back', object: '' };
}

function cannotRevert(step: number, failure: Outcome | null): Outcome {
  const after = failure === null ? '' : ` after ${failure.code}`;
  return {
    code: 'needs-a-person',
    message: `step ${step} could not be put back in ${REVERT_ATTEMPTS_MAX} attempts${after}; mend what farrier-agent status names, then farrier-agent revert or finish`,
    object: failure?.object ?? '',
  };
}
