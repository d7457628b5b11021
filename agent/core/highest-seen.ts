import type { Epoch, Generation } from '../../shared/domain/ids.ts';
import type { JournalRecord } from '../../shared/domain/journal-record.ts';

/** What fences: nothing lower is ever taken. 0 where the journal is empty. */
export function highestSeen(records: readonly JournalRecord[]): { readonly generation: Generation; readonly epoch: Epoch } {
  return {
    generation: records.reduce((highest, record) => Math.max(highest, record.generation), 0),
    epoch: records.reduce((highest, record) => Math.max(highest, record.epoch), 0),
  };
}
