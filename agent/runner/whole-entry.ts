import { type RecordKind, WHOLE_SEQUENCE } from '../../shared/domain/journal-record.ts';
import type { JournalEntry } from '../ports/journal.ts';
import { redactOutcome } from './append-record.ts';

/** A journal entry that speaks of a whole assignment, not of a step. Nothing unredacted gets past here. */
export function wholeEntry(
  kind: RecordKind,
  { rollout, generation, epoch, digest }: Pick<JournalEntry, 'rollout' | 'generation' | 'epoch' | 'digest'>,
  { payloadDigest = '', outcome = null }: Partial<Pick<JournalEntry, 'payloadDigest' | 'outcome'>>,
): JournalEntry {
  const about = { kind, rollout, generation, epoch, digest, step: WHOLE_SEQUENCE, stepName: '', attempt: 0, payloadDigest };
  return { ...about, outcome: outcome === null ? null : redactOutcome(outcome) };
}
