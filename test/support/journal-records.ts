import type { JournalEntry } from '../../agent/ports/journal.ts';
import type { JournalRecord, RecordKind } from '../../shared/domain/journal-record.ts';

export const DIGEST = 'd'.repeat(64);

/** A journal entry with nothing special about it. */
export function entry(kind: RecordKind, change: Partial<JournalEntry> = {}): JournalEntry {
  return {
    kind,
    rollout: 'r1',
    generation: 1,
    epoch: 1,
    digest: DIGEST,
    step: -1,
    stepName: '',
    attempt: 0,
    payloadDigest: '',
    outcome: null,
    ...change,
  };
}

/** The records that a journal makes of entries. */
export function records(entries: readonly JournalEntry[], bootId = 'boot-1'): readonly JournalRecord[] {
  return entries.map((one, index) => ({ format: 1, journalId: 'j', sequence: index + 1, bootId, monotonicMs: index, wallUnixMs: index, ...one }));
}
