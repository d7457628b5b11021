import type { NodeName } from '../../shared/domain/ids.ts';
import type { Outcome } from '../../shared/domain/journal-record.ts';
import type { OutcomeCode } from '../../shared/domain/outcome.ts';
import type { Reason } from '../../shared/domain/reason.ts';
import { type AssignmentProgress, isOver } from './assignment-progress.ts';
import { overspentSoon } from './failure-budget.ts';
import { isSeenWorking, reportedProgress } from './reported-progress.ts';
import type { NodeEnd, NodeEventBody } from './rollout-event.ts';
import type { Assigned, RolloutState } from './rollout.ts';
import { isAwayForLong, isReachable } from './unavailable.ts';
import type { NodeView, Now, World } from './world.ts';

/** So often a node gets a new generation by itself; then what its agent says is taken as the end. */
const RETURNS_MAX = 5;

/** What the hosts' reports, or their absence, mean for the rollout's nodes. */
export function settleNodes(world: World, now: Now, rollout: RolloutState): readonly NodeEventBody[] {
  const events: NodeEventBody[] = [];
  for (const wave of rollout.frozen.waves) {
    // Nobody goes on without a node that the others need.
    const mayDefer = rollout.waves.get(wave.name)?.state !== 'closed' && !wave.needsAll;
    for (const name of wave.nodes) {
      events.push(...settleNode(world, now, rollout, name, mayDefer));
    }
  }
  return events;
}

function settleNode(world: World, now: Now, rollout: RolloutState, name: NodeName, mayDefer: boolean): readonly NodeEventBody[] {
  const node = rollout.nodes.get(name);
  if (node === undefined || node.state === 'ended' || node.state === 'gone') return [];
  const view = world.nodes.get(name);
  if (view === undefined) return [{ type: 'node-gone', node: name }];
  if (node.state === 'assigned') {
    const event = settleAssigned(world, now, { rollout, name, node, view, mayDefer });
    if (event?.type !== 'node-returned') return event === null ? [] : [event];
    // The host may have gone further than the log: what it has is taken in before anything new is assigned.
    const newer = findUnknown(rollout, name, view, node.generation + 1);
    return newer === null ? [event] : [event, ...adopt(name, newer)];
  }
  const found = findUnknown(rollout, name, view, node.generation);
  if (found !== null) return adopt(name, found);
  return node.state === 'waiting' && mayDefer && isAwayForLong(world, now, view) ? [{ type: 'node-deferred', node: name }] : [];
}

/** What is over already never owns the node, not even for one tick (I5). */
function adopt(name: NodeName, progress: AssignmentProgress): readonly NodeEventBody[] {
  const { generation, digest } = progress;
  const adopted: NodeEventBody = { type: 'adopted', node: name, generation, digest };
  return isOver(progress) ? [adopted, { type: 'node-ended', node: name, generation, end: endOf(progress) }] : [adopted];
}

/** The newest assignment of this rollout that the host has and the log does not: the store lost its tail. */
function findUnknown(rollout: RolloutState, name: NodeName, view: NodeView, above: number): AssignmentProgress | null {
  const digest = rollout.frozen.targets[name]?.digest;
  let newest: AssignmentProgress | null = null;
  for (const progress of view.journal.assignments.values()) {
    if (progress.rollout !== rollout.id || progress.digest !== digest || isToBeRepeated(progress)) continue;
    if (progress.generation < above || (newest !== null && progress.generation < newest.generation)) continue;
    if (reportedProgress(view, rollout.id, progress) === null) continue;
    // What has not begun matters only once the host is back: until then the node may be deferred.
    if (progress.begun || isReachable(view)) newest = progress;
  }
  return newest;
}

interface Case {
  readonly rollout: RolloutState;
  readonly name: NodeName;
  readonly node: Assigned;
  readonly view: NodeView;
  readonly mayDefer: boolean;
}

function settleAssigned(world: World, now: Now, here: Case): NodeEventBody | null {
  const { rollout, name, node, view } = here;
  const { generation } = node;
  const progress = reportedProgress(view, rollout.id, node);
  if (progress !== null && isOver(progress)) return settleOver(world, here, progress);
  const holdsSlot = world.ledger.slots.get(name)?.generation === generation;
  if (!holdsSlot && isGivenUp(world, here, progress)) return { type: 'node-gone', node: name };
  if (progress?.state === 'needs-a-person') return node.stuck ? null : { type: 'node-stuck', node: name, generation };
  const mayBegin = holdsSlot || node.permitIssued || progress?.state === 'permitted';
  if (progress?.begun === true || mayBegin) return null;
  if (here.mayDefer && isAwayForLong(world, now, view)) return { type: 'node-deferred', node: name };
  const reason = progress === null ? whyNeverAccepted(world, node, view) : null;
  return reason === null ? null : { type: 'node-returned', node: name, generation, reason };
}

/** A person gave the slot up, and the host is not seen working on it. */
function isGivenUp(world: World, { name, node, view }: Case, progress: AssignmentProgress | null): boolean {
  if (world.ledger.forgotten.get(name)?.generation !== node.generation) return false;
  return progress === null || !isSeenWorking(view, progress);
}

/** An agent that answers nothing durable to such an assignment would let it be sent for ever. */
function whyNeverAccepted(world: World, node: Assigned, view: NodeView): Reason | null {
  if (!isReachable(view) || view.session.state !== 'connected') return null;
  if (node.envelope === null || view.session.hello.highestGeneration >= node.generation) return 'store-regressed';
  return node.epoch < world.epoch ? 'waiting-for-agent' : null;
}

function settleOver(world: World, { rollout, name, node }: Case, progress: AssignmentProgress): NodeEventBody {
  const { generation } = node;
  const wasRecalled = progress.state === 'refused' && progress.outcome?.code === 'recalled';
  if (wasRecalled && node.givenUp !== null) return { type: 'node-ended', node: name, generation, end: { state: 'refused', outcome: node.givenUp } };
  const reason = progress.state === 'refused' ? whyReturned(world, rollout, node, progress.outcome?.code ?? NO_OUTCOME.code) : null;
  if (reason !== null) return { type: 'node-returned', node: name, generation, reason };
  return { type: 'node-ended', node: name, generation, end: endOf(progress) };
}

function endOf(progress: AssignmentProgress): NodeEnd {
  if (progress.state === 'done') return { state: 'done' };
  return { state: progress.state === 'reverted' ? 'reverted' : 'refused', outcome: progress.outcome ?? NO_OUTCOME };
}

const NO_OUTCOME: Outcome = { code: 'internal-error', message: 'the agent gave no outcome; see `farrier-agent journal` on the host', object: '' };

/** Refusals that a newer generation under the present leader mends. */
const MENDED_BY_GENERATION: ReadonlySet<OutcomeCode> = new Set(['store-regressed', 'generation-stale', 'epoch-stale']);
const MENDED_BY_PERMIT: ReadonlySet<OutcomeCode> = new Set(['permit-expired', 'permit-replayed', 'boot-changed', 'recalled']);

/** A refusal that ended nothing: the node was, or will be, given a new generation. */
function isToBeRepeated({ state, outcome }: AssignmentProgress): boolean {
  return state === 'refused' && outcome !== null && (MENDED_BY_GENERATION.has(outcome.code) || MENDED_BY_PERMIT.has(outcome.code));
}

/** @returns why the node goes back to waiting, or null where its refusal is its end. */
function whyReturned(world: World, rollout: RolloutState, node: Assigned, code: OutcomeCode): Reason | null {
  if (code === 'recalled' && node.recallAsked) return whyRecalled(world, rollout);
  if (node.returns >= RETURNS_MAX) return null;
  if (MENDED_BY_GENERATION.has(code)) return 'store-regressed';
  return MENDED_BY_PERMIT.has(code) ? 'refused' : null;
}

function whyRecalled(world: World, rollout: RolloutState): Reason {
  const { status } = rollout;
  if (status.state === 'paused') return status.reason === 'failure-budget-spent' || status.reason === 'internal-error' ? status.reason : 'paused-by-person';
  if (status.state === 'aborting') return 'aborted';
  if (status.state === 'rolling-back') return 'rolled-back';
  return overspentSoon(world, rollout) === null ? 'paused-by-person' : 'failure-budget-spent';
}
