import type { Rollout__Output as Rollout, RolloutNode__Output as RolloutNode } from '../../../shared/wire/messages.ts';
import { plainText } from '../print/plain-text.ts';
import { doneOf, hopOf, reasonOf, reasonText, unavailableOf } from '../print/print-rollouts.ts';
import { aboutNode } from './node-line.ts';

/** What is new since the view before, one line each; null before the first. */
export function changeLines(seen: Rollout | null, now: Rollout): readonly string[] {
  // The next hop of a chain is a rollout of its own.
  const before = seen?.id === now.id ? seen : null;
  const nodesBefore = new Map(before?.nodes.map((node) => [node.node, node]));
  return [
    ...(before !== null && before.status === now.status && before.reason === now.reason ? [] : [statusLine(now), ...unblockLines(now)]),
    // Of those that merely wait nothing is news at the start.
    ...now.nodes.filter((node) => isNews(nodesBefore.get(node.node), node)).map((node) => nodeText(node)),
  ];
}

function isNews(before: RolloutNode | undefined, now: RolloutNode): boolean {
  if (before === undefined) return now.phase !== 'waiting';
  return before.phase !== now.phase || before.step !== now.step || before.reason !== now.reason;
}

function statusLine(rollout: Rollout): string {
  const { id, status, outstanding, reason, detail, failures, maxFailures } = rollout;
  const why = reason === '' ? '' : `: ${reasonText(reason, detail)}`;
  const waits = outstanding > 0 && status !== 'running' ? ` (${outstanding} outstanding)` : '';
  const hop = hopOf(rollout);
  return plainText(`${id}${hop === '' ? '' : ` (hop ${hop})`} ${status}${waits}${why} [${doneOf(rollout)} done, unavailable ${unavailableOf(rollout)}, failures ${failures}/${maxFailures}]`);
}

function unblockLines({ reason }: Rollout): readonly string[] {
  const known = reasonOf(reason);
  return known === null ? [] : [`  who can unblock: ${known.unblock}`];
}

function nodeText(node: RolloutNode): string {
  const about = aboutNode(node);
  return plainText(`${node.node} ${node.phase}${about === '' ? '' : `: ${about}`}`);
}
