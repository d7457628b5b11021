import type { Generation } from '../../shared/domain/ids.ts';
import type { Outcome } from '../../shared/domain/journal-record.ts';
import { isDiskFull } from '../core/disk-full.ts';
import type { JournalError } from '../core/journal-error.ts';
import { isOpen, progressOf } from '../core/progress.ts';
import type { Force, NextAction } from '../core/resume.ts';
import type { Watchdog } from '../ports/watchdog.ts';
import type { WorkMode } from '../ports/work-units.ts';
import type { Executors } from '../steps/step.ts';
import { syncFileSystems } from '../adapters/sync-file-systems.ts';
import { redactOutcome } from './append-record.ts';
import { type Host, openHostJournal } from './host.ts';
import { runSequence } from './run-sequence.ts';
import { verifiedWork } from './verified-work.ts';
import { wholeEntry } from './whole-entry.ts';
import type { RunnerParts } from './work.ts';

export type WorkEnd =
  /** `next`: what would be next; `over` where the assignment is. */
  | { readonly kind: 'ended'; readonly next: NextAction }
  | { readonly kind: 'refused'; readonly outcome: Outcome }
  | { readonly kind: 'broken'; readonly error: JournalError };

export interface WorkOrder {
  readonly generation: Generation;
  readonly mode: WorkMode;
}

/** The agent looks at the journal for moments only; longer waits mean that another work unit has it. */
const LOCK_WAIT_MS = 30_000;

/**
 * Everything that the transient unit does: takes the journal's lock, verifies the stored envelopes, works, ends.
 * @param stop on SIGTERM: a step that changes the host is finished first.
 */
export async function runWork(order: WorkOrder, host: Host, executors: Executors, watchdog: Watchdog, stop: AbortSignal, settle: RunnerParts['settle'] = syncFileSystems): Promise<WorkEnd> {
  const opened = openHostJournal(host, LOCK_WAIT_MS);
  if (!opened.ok) return { kind: 'broken', error: opened.error };
  try {
    return await workOn(order, host, { journal: opened.journal, executors, watchdog, settle, stop });
  } catch (error) {
    // Not even a record fits any more: the room that was kept for going back is for this, and the next unit goes on.
    if (isDiskFull(error)) await host.assignments.release(order.generation);
    throw error;
  } finally {
    opened.journal.close();
  }
}

async function workOn({ generation, mode }: WorkOrder, host: Host, own: Pick<RunnerParts, 'journal' | 'executors' | 'watchdog' | 'settle' | 'stop'>): Promise<WorkEnd> {
  const { journal } = own;
  const progress = progressOf(journal.records, generation);
  if (progress === null || !isOpen(progress)) return { kind: 'ended', next: { kind: 'idle' } };
  const verified = await verifiedWork(host, journal.records, progress);
  if (!verified.ok) {
    // Begun, it can neither go on nor back on what cannot be trusted; not begun, it never will be.
    const code = progress.begun ? 'needs-a-person' : verified.outcome.code;
    const outcome = redactOutcome({ ...verified.outcome, code });
    journal.append([wholeEntry('refused', progress, { outcome })]);
    return { kind: 'refused', outcome };
  }
  const { work, permitHolds } = verified;
  const { clock, logger, bootId, node, assignments: files } = host;
  const parts = { ...own, files, clock, logger, bootId, node };
  const next = await runSequence(work, parts, { until: mode === 'stage' ? 'staged' : 'over', permitHolds, force: forceOf(mode, generation) });
  if (next.kind === 'over') await files.forgetBelow(journal.records[0]?.generation ?? 0);
  return { kind: 'ended', next };
}

function forceOf(mode: WorkMode, generation: Generation): Force | null {
  switch (mode) {
    case 'stage':
    case 'activate':
      return null;
    case 'finish':
      return { to: 'finish' };
    case 'revert':
      return { to: 'revert', why: { code: 'stopped-by-person', message: `a person on the host reverted assignment ${generation}`, object: '' } };
    case 'went-silent':
      return { to: 'revert', why: { code: 'went-silent', message: `assignment ${generation} was not confirmed by its own verifies in time`, object: '' } };
  }
}
