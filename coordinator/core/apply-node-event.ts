import type { Reason } from '../../shared/domain/reason.ts';
import type { RolloutDraft } from './apply-rollout-event.ts';
import { hasFailed } from './failure-budget.ts';
import type { NodeEventBody } from './rollout-event.ts';
import type { Assigned, RolloutNode } from './rollout.ts';

/** Changes one node of the draft, and with it the count of failures. @throws where the event is illegal in the node's state. */
export function applyNodeEvent(draft: RolloutDraft, event: NodeEventBody & { readonly wallUnixMs: number }): void {
  const before = draft.nodes.get(event.node);
  if (before === undefined || draft.status.state === 'ended') throw illegal(draft, before, event);
  const needsRunning = event.type === 'assigned' || event.type === 'permit-issued';
  if (needsRunning && draft.status.state !== 'running') throw illegal(draft, before, event);
  const after = nextNode(before, event);
  if (after === null) throw illegal(draft, before, event);
  draft.nodes.set(event.node, after);
  draft.failures += Number(hasFailed(after)) - Number(hasFailed(before));
}

/** @returns null where the event is illegal in that state. */
function nextNode(before: RolloutNode, event: NodeEventBody & { readonly wallUnixMs: number }): RolloutNode | null {
  const { wallUnixMs } = event;
  switch (event.type) {
    case 'assigned':
      return isFree(before) && event.generation > before.generation ? assigned(before, event, event.epoch, event.envelope) : null;
    case 'adopted':
      // Epoch 0: whoever signed it, this log does not know.
      return isFree(before) && event.generation >= before.generation ? assigned(before, event, 0, null) : null;
    case 'node-deferred':
      if (before.state !== 'waiting' && (before.state !== 'assigned' || before.permitIssued)) return null;
      return { state: 'deferred', generation: before.generation, returns: before.returns, sinceUnixMs: wallUnixMs };
    case 'node-gone':
      return before.state === 'ended' || before.state === 'gone' ? null : { state: 'gone', generation: before.generation };
    default:
      return before.state === 'assigned' && before.generation === event.generation ? nextAssigned(before, event, wallUnixMs) : null;
  }
}

type AssignedEvent = Exclude<NodeEventBody, { readonly type: 'assigned' | 'adopted' | 'node-deferred' | 'node-gone' }>;

function nextAssigned(before: Assigned, event: AssignedEvent, wallUnixMs: number): RolloutNode | null {
  switch (event.type) {
    case 'permit-issued':
      return before.recallAsked ? null : { ...before, permitIssued: true, permitRequestId: event.requestId };
    case 'recall-asked':
      return { ...before, recallAsked: true };
    case 'drain-given-up':
      return { ...before, recallAsked: true, givenUp: event.outcome };
    case 'node-stuck':
      return { ...before, stuck: true };
    case 'node-ended':
      return { state: 'ended', generation: before.generation, end: event.end, atUnixMs: wallUnixMs };
    case 'node-returned': {
      const returns = before.returns + (OUR_DOING.has(event.reason) ? 0 : 1);
      return { state: 'waiting', generation: before.generation, returns, returned: event.reason, sinceUnixMs: wallUnixMs };
    }
  }
}

/** A node that we recalled did nothing wrong: it may come back as often as people pause. */
const OUR_DOING: ReadonlySet<Reason> = new Set([
  'paused-by-person',
  'failure-budget-spent',
  'aborted',
  'rolled-back',
  'internal-error',
  // A new leader signs anew what the one before it had not yet brought to the host.
  'waiting-for-agent',
]);

type Free = Extract<RolloutNode, { readonly state: 'waiting' | 'deferred' }>;

function isFree(node: RolloutNode): node is Free {
  return node.state === 'waiting' || node.state === 'deferred';
}

function assigned(
  before: Free,
  event: Extract<NodeEventBody, { readonly type: 'assigned' | 'adopted' }> & { readonly wallUnixMs: number },
  epoch: number,
  envelope: string | null,
): Assigned {
  const { generation, digest, wallUnixMs } = event;
  const untouched = { permitIssued: false, permitRequestId: null, recallAsked: false, givenUp: null, stuck: false };
  return { state: 'assigned', generation, epoch, digest, envelope, ...untouched, returns: before.returns, sinceUnixMs: wallUnixMs };
}

function illegal(draft: RolloutDraft, before: RolloutNode | undefined, event: NodeEventBody): Error {
  const was = before === undefined ? 'not part of it' : before.state;
  return new Error(`${event.type} is illegal for ${event.node} (${was}) in rollout ${draft.id}, which is ${draft.status.state}`);
}
