import type { Generation } from '../../shared/domain/ids.ts';
import type { JournalRecord } from '../../shared/domain/journal-record.ts';
import { type AssignmentProgress, evolveProgress, isOver } from './assignment-progress.ts';
import type { NodeEvent } from './node-event.ts';
import type { HelloFacts } from './world.ts';

/** Agents keep 20 assignments; ended ones below this many newer ones decide nothing any more. */
const ASSIGNMENTS_KEPT_MAX = 64;

/** A node's reported journal folded: what the host itself says was done to it. */
export interface NodeJournal {
  /** Key of the last report applied. */
  readonly journalId: string;
  readonly lastSequence: number;
  readonly assignments: ReadonlyMap<Generation, AssignmentProgress>;
  /** Refusals of an assignment under a generation that the host had already taken for another one. */
  readonly conflicts: ReadonlyMap<Generation, AssignmentProgress>;
}

export function emptyNodeJournal(): NodeJournal {
  return { journalId: '', lastSequence: 0, assignments: new Map(), conflicts: new Map() };
}

/**
 * Applies one report, once: a key (journalId, sequence) that was applied changes nothing. Holes are no error: an agent
 * resends only what its journal still keeps. A new journal starts over; what the old one told stays known.
 */
export function evolveNodeJournal(state: NodeJournal, event: NodeEvent): NodeJournal {
  const { journalId, sequence } = event.type === 'report' ? event.record : event.report;
  if (journalId === state.journalId && sequence <= state.lastSequence) return state;
  return { ...state, journalId, lastSequence: sequence, ...(event.type === 'report' ? evolveAssignments(state, event.record) : {}) };
}

/** The host's whole journal, as it was at this hello, was reported. */
export function holdsAll(journal: NodeJournal, { journalId, journalSequence }: Pick<HelloFacts, 'journalId' | 'journalSequence'>): boolean {
  return journalSequence === 0 || (journal.journalId === journalId && journal.lastSequence >= journalSequence);
}

function evolveAssignments(state: NodeJournal, record: JournalRecord): Pick<NodeJournal, 'assignments' | 'conflicts'> {
  const known = state.assignments.get(record.generation);
  if (known !== undefined && record.kind === 'refused' && !speaksOf(known, record)) {
    const conflict = evolveProgress(undefined, record);
    return { assignments: state.assignments, conflicts: new Map(state.conflicts).set(record.generation, conflict) };
  }
  const progress = evolveProgress(known !== undefined && speaksOf(known, record) ? known : undefined, record);
  return { assignments: prune(new Map(state.assignments).set(record.generation, progress)), conflicts: state.conflicts };
}

/** An agent that answers for an assignment it never saw knows no digest. */
function speaksOf(progress: AssignmentProgress, record: JournalRecord): boolean {
  return progress.rollout === record.rollout && (progress.digest === record.digest || record.digest === '');
}

function prune(assignments: Map<Generation, AssignmentProgress>): Map<Generation, AssignmentProgress> {
  if (assignments.size <= ASSIGNMENTS_KEPT_MAX) return assignments;
  const oldest = [...assignments.values()].toSorted((a, b) => a.generation - b.generation).find(isOver);
  if (oldest !== undefined) assignments.delete(oldest.generation);
  return assignments;
}
