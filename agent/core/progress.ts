import { type JournalRecord, OK, type Outcome, WHOLE_SEQUENCE } from '../../shared/domain/journal-record.ts';
import type { Digest, Epoch, Generation, RolloutId } from '../../shared/domain/ids.ts';

/** What the journal says about one assignment. */
export interface Progress {
  readonly rollout: RolloutId;
  readonly generation: Generation;
  readonly epoch: Epoch;
  readonly digest: Digest;
  /** Of the stored envelope's file. */
  readonly payloadDigest: Digest | '';
  readonly staged: boolean;
  /** Of the newest permit, as long as nothing was begun. */
  readonly permit: { readonly bootId: string; readonly payloadDigest: Digest | '' } | null;
  readonly begun: boolean;
  readonly direction: 'forward' | 'back';
  readonly steps: ReadonlyMap<number, StepProgress>;
  /** What its steps had to tell, in the order in which they told it. */
  readonly notes: readonly string[];
  /** Why it went back: from the first `reverting`. */
  readonly failure: Outcome | null;
  readonly end: { readonly kind: 'done' | 'reverted' | 'refused' | 'needs-a-person'; readonly outcome: Outcome } | null;
}

export interface StepProgress {
  /** The boot that each attempt was begun in, oldest first; anew after a person decided. */
  readonly attempts: readonly string[];
  readonly prior: Digest | null;
  readonly applied: boolean;
  readonly verified: boolean;
  readonly revertAttempts: readonly string[];
  readonly reverted: boolean;
}

const UNTOUCHED: StepProgress = { attempts: [], prior: null, applied: false, verified: false, revertAttempts: [], reverted: false };

export function stepProgress(progress: Progress, step: number): StepProgress {
  return progress.steps.get(step) ?? UNTOUCHED;
}

/** Folds the records of one generation. @returns null where the journal knows nothing of it. */
export function progressOf(records: readonly JournalRecord[], generation: Generation): Progress | null {
  return records.filter((record) => record.generation === generation).reduce<Progress | null>(fold, null);
}

/** The newest assignment that is not over; at most one is open at a time. */
export function openAssignment(records: readonly JournalRecord[]): Progress | null {
  const generations = [...new Set(records.map(({ generation }) => generation))].toSorted((a, b) => b - a);
  for (const generation of generations) {
    const progress = progressOf(records, generation);
    if (progress !== null && isOpen(progress)) return progress;
  }
  return null;
}

/** Open: it may still change the host. One that needs a person is, for its slot stays taken. */
export function isOpen(progress: Progress): boolean {
  return progress.end === null || progress.end.kind === 'needs-a-person';
}

function fold(before: Progress | null, record: JournalRecord): Progress {
  const progress = before === null ? started(record) : { ...before, epoch: Math.max(before.epoch, record.epoch) };
  const outcome = record.outcome ?? OK;
  // Whoever turns it round decided: should it go back once more, that is another way back.
  const steps = record.kind === 'begin' && progress.direction === 'back' ? withNoRevertAttempts(progress.steps) : progress.steps;
  const withStep = (change: Partial<StepProgress>): ReadonlyMap<number, StepProgress> =>
    new Map(steps).set(record.step, { ...stepProgress(progress, record.step), ...change });
  switch (record.kind) {
    case 'accepted':
      return { ...progress, payloadDigest: record.payloadDigest };
    case 'stage':
      return record.step === WHOLE_SEQUENCE ? { ...progress, staged: true } : progress;
    case 'permit':
      return { ...progress, permit: { bootId: record.bootId, payloadDigest: record.payloadDigest } };
    case 'begin':
      return {
        ...progress,
        permit: null,
        begun: true,
        end: null,
        direction: 'forward',
        steps: withStep({ attempts: [...stepProgress(progress, record.step).attempts, record.bootId], applied: false, verified: false, reverted: false }),
      };
    case 'prior':
      return { ...progress, steps: withStep({ prior: record.payloadDigest || null }) };
    case 'applied':
      return { ...progress, notes: withNote(progress, record, outcome), steps: withStep({ applied: true }) };
    case 'verified':
      return { ...progress, notes: withNote(progress, record, outcome), steps: withStep({ verified: true }) };
    case 'reverting':
      return {
        ...progress,
        begun: true,
        end: null,
        direction: 'back',
        failure: progress.direction === 'back' ? (progress.failure ?? record.outcome) : record.outcome,
        steps: withStep({ revertAttempts: [...stepProgress(progress, record.step).revertAttempts, record.bootId] }),
      };
    case 'reverted':
      if (record.step === WHOLE_SEQUENCE) return { ...progress, end: { kind: 'reverted', outcome } };
      // It is as it was: should a person have it begun again, the counts begin anew.
      return { ...progress, steps: withStep({ reverted: true, verified: false, applied: false, attempts: [], revertAttempts: [] }) };
    case 'done':
      return { ...progress, end: { kind: 'done', outcome } };
    case 'refused':
      return refused(progress, outcome);
  }
}

function withNote({ notes }: Progress, { stepName }: JournalRecord, { message }: Outcome): readonly string[] {
  return message === '' ? notes : [...notes, `${stepName}: ${message}`];
}

function withNoRevertAttempts(steps: Progress['steps']): Progress['steps'] {
  return new Map([...steps].map(([index, step]) => [index, { ...step, revertAttempts: [] }]));
}

/** Where it is held a person decides which way, and the counts begin anew. */
function refused(progress: Progress, outcome: Outcome): Progress {
  if (outcome.code !== 'needs-a-person' && outcome.code !== 'past-no-return') return { ...progress, end: { kind: 'refused', outcome } };
  const steps = new Map([...progress.steps].map(([index, step]) => [index, { ...step, attempts: [], revertAttempts: [] }]));
  return { ...progress, steps, end: { kind: 'needs-a-person', outcome } };
}

function started(record: JournalRecord): Progress {
  const { rollout, generation, epoch, digest } = record;
  return {
    rollout,
    generation,
    epoch,
    digest,
    payloadDigest: '',
    staged: false,
    permit: null,
    begun: false,
    direction: 'forward',
    steps: new Map(),
    notes: [],
    failure: null,
    end: null,
  };
}
