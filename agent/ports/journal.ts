import type { JournalRecord } from '../../shared/domain/journal-record.ts';

/** What a writer says; the journal adds its key and the times. */
export type JournalEntry = Omit<JournalRecord, 'format' | 'journalId' | 'sequence' | 'bootId' | 'monotonicMs' | 'wallUnixMs'>;

/** The agent's memory of what was done to the host. One writer at a time. */
export interface Journal {
  readonly journalId: string;
  /** All that is kept, in order. */
  readonly records: readonly JournalRecord[];
  /** Durable when it returns, all entries together. @throws where the disk refuses: then nothing may go on. */
  append(entries: readonly JournalEntry[]): readonly JournalRecord[];
}
