import type { Digest, Generation, RolloutId } from '../../shared/domain/ids.ts';
import { type JournalRecord, type Outcome, WHOLE_SEQUENCE } from '../../shared/domain/journal-record.ts';

/** What a host reported of one assignment. */
export interface AssignmentProgress {
  readonly rollout: RolloutId;
  readonly generation: Generation;
  readonly digest: Digest;
  readonly state: 'accepted' | 'staged' | 'permitted' | 'active' | 'reverting' | 'done' | 'reverted' | 'refused' | 'needs-a-person';
  /** A `begin` was journaled: the host may have been changed. */
  readonly begun: boolean;
  readonly stepName: string;
  readonly attempt: number;
  readonly outcome: Outcome | null;
  /** Host's wall clock at the last record. */
  readonly sinceUnixMs: number;
  /** The journal that told it: a re-installed host starts another one and knows nothing of this assignment. */
  readonly journalId: string;
}

/** Nothing of it will ever run again, unless a person on the host makes it. */
export function isOver(progress: AssignmentProgress): boolean {
  return progress.state === 'done' || progress.state === 'reverted' || progress.state === 'refused';
}

/**
 * One assignment, one record further. Records of the host's own journal are taken as they come, since the host knows
 * best; only what would make begun work look unbegun, or an end look open, is not believed.
 */
export function evolveProgress(before: AssignmentProgress | undefined, record: JournalRecord): AssignmentProgress {
  const progress = before === undefined || isRestart(before, record) ? fresh(record) : before;
  const next = { ...progress, journalId: record.journalId, sinceUnixMs: record.wallUnixMs };
  switch (record.kind) {
    case 'accepted':
    case 'stage':
    case 'permit':
      return isOver(progress) || progress.begun ? progress : { ...next, ...preparing(progress, record) };
    case 'begin':
      return { ...next, state: 'active', begun: true, stepName: record.stepName, attempt: record.attempt, outcome: null };
    case 'prior':
    case 'applied':
    case 'verified':
      return isOver(progress) ? progress : { ...next, state: 'active', begun: true, stepName: record.stepName, outcome: record.outcome };
    case 'reverting':
      return { ...next, state: 'reverting', begun: true, stepName: record.stepName, attempt: record.attempt, outcome: record.outcome ?? progress.outcome };
    case 'reverted':
      return record.step === WHOLE_SEQUENCE
        ? { ...next, state: 'reverted', begun: true, outcome: record.outcome ?? progress.outcome }
        : { ...next, state: 'reverting', begun: true, stepName: record.stepName };
    case 'done':
      return { ...next, state: 'done', begun: true, outcome: record.outcome };
    case 'refused':
      return isOver(progress) ? progress : { ...next, ...refused(progress, record) };
  }
}

function fresh(record: JournalRecord): AssignmentProgress {
  const { rollout, generation, digest, journalId, wallUnixMs } = record;
  const base = { rollout, generation, digest, journalId, sinceUnixMs: wallUnixMs };
  return { ...base, state: 'accepted', begun: false, stepName: '', attempt: 0, outcome: null };
}

/** A re-installed host takes what it had not begun all over again. */
function isRestart(before: AssignmentProgress, record: JournalRecord): boolean {
  return record.kind === 'accepted' && record.journalId !== before.journalId && !before.begun && !isOver(before);
}

function preparing(progress: AssignmentProgress, record: JournalRecord): Partial<AssignmentProgress> {
  if (record.kind === 'permit') return { state: 'permitted' };
  if (record.kind === 'accepted') return {};
  const isStaged = record.step === WHOLE_SEQUENCE && (record.outcome === null || record.outcome.code === 'ok' || record.outcome.code === 'satisfied');
  if (!isStaged) return { stepName: record.stepName };
  return { state: progress.state === 'permitted' ? 'permitted' : 'staged', stepName: '' };
}

/** What was begun cannot be refused any more: whatever the code says, such a host is counted as in the middle. */
function refused(progress: AssignmentProgress, record: JournalRecord): Partial<AssignmentProgress> {
  const isStuck = progress.begun || record.outcome?.code === 'needs-a-person';
  return { state: isStuck ? 'needs-a-person' : 'refused', outcome: record.outcome };
}
