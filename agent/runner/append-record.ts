import { type JournalRecord, type Outcome, WHOLE_SEQUENCE } from '../../shared/domain/journal-record.ts';
import { redactLine } from '../../shared/domain/redact.ts';
import type { JournalEntry } from '../ports/journal.ts';
import type { RunnerParts, Work } from './work.ts';

/** Writes one record of this assignment. Nothing unredacted gets past here. */
export function appendRecord(work: Work, parts: RunnerParts, entry: Pick<JournalEntry, 'kind'> & Partial<JournalEntry>): JournalRecord {
  const { rollout, generation, epoch, digest } = work;
  const step = entry.step ?? WHOLE_SEQUENCE;
  const full = { rollout, generation, epoch, digest, step, stepName: work.steps[step]?.name ?? '', attempt: 0, payloadDigest: '', outcome: null, ...entry };
  const [record] = parts.journal.append([{ ...full, outcome: entry.outcome ? redactOutcome(entry.outcome) : null }]);
  if (record === undefined) throw new Error('the journal took no record');
  parts.logger.info('journaled', { kind: record.kind, step: record.step, stepName: record.stepName, attempt: record.attempt, code: record.outcome?.code });
  return record;
}

export function redactOutcome({ code, message, object }: Outcome): Outcome {
  return { code, message: redactLine(message), object: redactLine(object) };
}
