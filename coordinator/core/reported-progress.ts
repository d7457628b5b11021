import type { Digest, Generation, RolloutId } from '../../shared/domain/ids.ts';
import { type AssignmentProgress, isOver } from './assignment-progress.ts';
import type { NodeView } from './world.ts';

/** What the host reported of one assignment; null while nothing, or where the host was re-installed before it began. */
export function reportedProgress(
  view: NodeView,
  rollout: RolloutId,
  assignment: { readonly generation: Generation; readonly digest: Digest },
): AssignmentProgress | null {
  const { assignments, conflicts } = view.journal;
  for (const progress of [assignments.get(assignment.generation), conflicts.get(assignment.generation)]) {
    if (progress === undefined || progress.rollout !== rollout) continue;
    // An agent that answers for an assignment it never saw knows no digest.
    if (progress.digest === assignment.digest || progress.digest === '') return isForgottenByHost(view, progress) ? null : progress;
  }
  return null;
}

/** In the middle of an upgrade, or stuck there. */
export function isUnderWay(progress: AssignmentProgress): boolean {
  return progress.begun && !isOver(progress);
}

/** It changes the host, or may at any moment: a permit that was journaled allows `begin` whoever leads by then. */
export function mayBeUnderWay(progress: AssignmentProgress): boolean {
  return isUnderWay(progress) || progress.state === 'permitted';
}

/** On the host and not begun: it may still be recalled. */
export function isPrepared(view: NodeView, progress: AssignmentProgress): boolean {
  return !progress.begun && !isOver(progress) && !isForgottenByHost(view, progress);
}

/** The agent itself says, now, that it is at work: not even a person's word outweighs that. */
export function isSeenWorking(view: NodeView, progress: AssignmentProgress): boolean {
  if (view.session.state !== 'connected' || view.session.hello.journalId !== progress.journalId) return false;
  return progress.state === 'active' || progress.state === 'reverting';
}

function isForgottenByHost(view: NodeView, progress: AssignmentProgress): boolean {
  if (progress.begun || isOver(progress) || view.session.state !== 'connected') return false;
  return view.session.hello.journalId !== progress.journalId;
}
