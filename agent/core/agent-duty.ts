import type { Generation } from '../../shared/domain/ids.ts';
import type { JournalRecord } from '../../shared/domain/journal-record.ts';
import { openAssignment, type Progress } from './progress.ts';

/** What the agent, which changes nothing itself, has to see to. */
export type AgentDuty =
  | { readonly kind: 'idle' }
  /** A work unit runs; its records say how it goes. */
  | { readonly kind: 'watch'; readonly generation: Generation }
  | { readonly kind: 'start-work'; readonly generation: Generation; readonly mode: 'stage' | 'activate' }
  /** Staged. A permit that was not begun is void: it is asked for anew, when the coordinator offers it. */
  | { readonly kind: 'await-permit'; readonly progress: Progress }
  | { readonly kind: 'needs-a-person'; readonly progress: Progress };

/** At start and after every change: a work unit that is gone left its work in the journal. */
export function agentDuty(records: readonly JournalRecord[], running: Generation | null): AgentDuty {
  if (running !== null) return { kind: 'watch', generation: running };
  const open = openAssignment(records);
  if (open === null) return { kind: 'idle' };
  if (open.end !== null) return { kind: 'needs-a-person', progress: open };
  const { generation } = open;
  if (open.begun) return { kind: 'start-work', generation, mode: 'activate' };
  return open.staged ? { kind: 'await-permit', progress: open } : { kind: 'start-work', generation, mode: 'stage' };
}
