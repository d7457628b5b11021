import type { JournalRecord } from '../../shared/domain/journal-record.ts';

/** Acknowledged or not: a coordinator that lost its tail asks for them again. */
export const ASSIGNMENTS_KEPT = 20;

/** @returns the end of the journal that is kept: sequences have no holes, so only a beginning is ever dropped. */
export function keptRecords(records: readonly JournalRecord[]): readonly JournalRecord[] {
  const generations = [...new Set(records.map(({ generation }) => generation))].toSorted((a, b) => b - a);
  const oldest = generations[ASSIGNMENTS_KEPT - 1];
  if (oldest === undefined || generations.length === ASSIGNMENTS_KEPT) return records;
  const from = records.findIndex(({ generation }) => generation >= oldest);
  return records.slice(Math.max(0, from));
}
