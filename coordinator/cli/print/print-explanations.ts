import type { Explanation__Output as Explanation } from '../../../shared/wire/messages.ts';
import { formatMoment, formatSince } from './format-age.ts';
import { plainText } from './plain-text.ts';
import { printFacts } from './print-table.ts';

export function printExplanations(node: string, explanations: readonly Explanation[], nowUnixMs: number): readonly string[] {
  if (explanations.length === 0) return [`nothing keeps ${node} from anything: it is available and no rollout waits for it`];
  return explanations.flatMap((explanation, index) => [...(index === 0 ? [] : ['']), ...printExplanation(explanation, nowUnixMs)]);
}

function printExplanation(explanation: Explanation, nowUnixMs: number): readonly string[] {
  const { reason, message, blockingObject, sinceUnixMs, whoCanUnblock, whatNext, rollout } = explanation;
  const facts = printFacts([
    ['blocked by', blockingObject],
    ['rollout', rollout],
    ['since', sinceUnixMs === 0 ? '' : `${formatMoment(sinceUnixMs)} (${formatSince(sinceUnixMs, nowUnixMs)})`],
    ['who can unblock', whoCanUnblock],
    ['what happens next', whatNext],
  ]);
  return [plainText(`${reason}: ${message}`), ...facts.map((line) => `  ${line}`)];
}
