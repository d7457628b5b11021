import type { Generation, RolloutId } from '../../shared/domain/ids.ts';
import type { OutcomeCode } from '../../shared/domain/outcome.ts';
import type { JournalError } from '../core/journal-error.ts';
import { progressOf } from '../core/progress.ts';
import type { WorkUnits } from '../ports/work-units.ts';
import { awaitHostJournal, type Host, journalFolder } from './host.ts';
import { JournalReader } from './journal-reader.ts';
import { wholeEntry } from './whole-entry.ts';

/**
 * recalled  journaled: it will never begin
 * begun     too late: it finishes or reverts by itself, its reports say so
 * over      it had ended before, or this host never had it
 */
export type RecallResult = { readonly kind: 'recalled' | 'begun' | 'over' | 'unknown' } | { readonly kind: 'broken'; readonly error: JournalError };

const LOCK_WAIT_MS = 250;
/** A work unit begins, stops staging or sees a void permit well within this. */
const TRIES_MAX = 240;

/** Ends an assignment that was not begun. Idempotent. Settles which came first, recall or begin, under the journal's lock. */
export async function recallAssignment(
  recall: { readonly rollout: RolloutId; readonly generation: Generation; readonly code: OutcomeCode; readonly reason: string },
  units: WorkUnits,
  host: Host,
): Promise<RecallResult> {
  const { generation } = recall;
  const reader = new JournalReader(journalFolder(host.stateDir), host.journalFiles);
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    reader.refresh();
    if (reader.error !== null) return { kind: 'broken', error: reader.error };
    const progress = progressOf(reader.records, generation);
    if (progress === null || progress.rollout !== recall.rollout) return { kind: 'unknown' };
    if (progress.end !== null) return { kind: progress.end.kind === 'needs-a-person' ? 'begun' : 'over' };
    if (progress.begun) return { kind: 'begun' };
    // A unit that only stages stops at once; one that is about to begin is settled by the lock.
    if (!progress.staged && (await units.running()) === generation) await units.stop(generation);
    const opened = await awaitHostJournal(host, LOCK_WAIT_MS);
    if (!opened.ok) {
      if (opened.error.code !== 'journal-locked') return { kind: 'broken', error: opened.error };
      continue;
    }
    try {
      const now = progressOf(opened.journal.records, generation);
      if (now === null || now.begun || now.end !== null) continue;
      opened.journal.append([wholeEntry('refused', now, { outcome: { code: recall.code, message: recall.reason, object: '' } })]);
      return { kind: 'recalled' };
    } finally {
      opened.journal.close();
    }
  }
  return { kind: 'begun' };
}
