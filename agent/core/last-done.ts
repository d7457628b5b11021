import type { Generation } from '../../shared/domain/ids.ts';
import type { JournalRecord } from '../../shared/domain/journal-record.ts';
import { type Progress, progressOf } from './progress.ts';

/**
 * The newest assignment before `generation` that changed this host and was not put back: the only one whose kept state
 * is what was there before. Where that one is not cleanly done, there is nothing to go back to.
 */
export function lastDone(records: readonly JournalRecord[], before: Generation): Progress | null {
  const generations = [...new Set(records.map((record) => record.generation))].filter((one) => one < before).toSorted((a, b) => b - a);
  for (const generation of generations) {
    const progress = progressOf(records, generation);
    if (progress === null || !progress.begun || progress.end?.kind === 'reverted') continue;
    return progress.end?.kind === 'done' ? progress : null;
  }
  return null;
}
