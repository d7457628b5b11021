import type { RolloutNode__Output as RolloutNode } from '../../../shared/wire/messages.ts';
import { formatSince } from '../print/format-age.ts';
import { plainText } from '../print/plain-text.ts';
import { reasonOf } from '../print/print-rollouts.ts';
import type { Line } from './ansi.ts';
import { fit, span, spread, widthOf } from './ansi.ts';
import { lookOf } from './phase-look.ts';

const PHASE_WIDTH = 14;
/** These say again what the phase says. */
const SAID_BY_PHASE = ['activating', 'draining', 'uncordoning', 'staging', 'reverted', 'refused', 'needs-a-person', 'deferred', 'gone'];

export function nodeLine(node: RolloutNode, nameWidth: number, width: number, nowUnixMs: number): Line {
  const { symbol, style } = lookOf(node.phase);
  const name = plainText(node.node);
  const start = [span(`  ${symbol} `, style), span(`${fitName(name, nameWidth)}  `), span(plainText(node.phase).padEnd(PHASE_WIDTH), style)];
  const age = [span(formatSince(node.sinceUnixMs, nowUnixMs), 'dim')];
  const about = [span(aboutNode(node), style === 'dim' || style === 'green' ? 'dim' : undefined)];
  return spread([...start, ...fit(about, width - widthOf(start) - widthOf(age) - 2)], age, width);
}

/** The step that it is at, or what it waits for, or what went wrong. */
export function aboutNode({ phase, step, reason, detail }: RolloutNode): string {
  if (reason === '' || phase === 'done') return plainText(step);
  const cause = SAID_BY_PHASE.includes(reason) ? '' : (reasonOf(reason)?.message ?? reason);
  return plainText([step, detail === '' ? cause : detail].filter((part) => part !== '').join(' · '));
}

function fitName(name: string, width: number): string {
  return name.length > width ? `${name.slice(0, width - 1)}…` : name.padEnd(width);
}
