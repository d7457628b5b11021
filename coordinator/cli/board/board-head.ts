import type { Rollout__Output as Rollout } from '../../../shared/wire/messages.ts';
import { formatAge } from '../print/format-age.ts';
import { plainText } from '../print/plain-text.ts';
import { hopOf, reasonOf, reasonText } from '../print/print-rollouts.ts';
import { isOver } from '../rollout-status.ts';
import type { Line, Style } from './ansi.ts';
import { span, spread } from './ansi.ts';
import { lookOf, type PhaseLook } from './phase-look.ts';

const BAR_MAX = 40;
const BAR_MIN = 10;

/** What concerns the rollout as a whole. */
export function boardHead(rollout: Rollout, width: number, nowUnixMs: number): readonly Line[] {
  return [titleLine(rollout, width, nowUnixMs), barLine(rollout, width), ...reasonLines(rollout)];
}

function titleLine(rollout: Rollout, width: number, nowUnixMs: number): Line {
  const { id, status, outstanding, startedUnixMs, endedUnixMs, leftMs, rollbackOf } = rollout;
  const hop = hopOf(rollout);
  const elapsed = formatAge((endedUnixMs === 0 ? nowUnixMs : endedUnixMs) - startedUnixMs);
  const left = leftMs > 0 && !isOver(status) ? ` · about ${formatAge(leftMs)} left` : '';
  const shown = outstanding > 0 && status !== 'running' ? `${status} (${outstanding} outstanding)` : status;
  const name = [span(plainText(id), 'bold'), ...(rollbackOf === '' ? [] : [span(plainText(` rollback of ${rollbackOf}`), 'dim')]), ...(hop === '' ? [] : [span(` hop ${hop}`, 'dim')])];
  return spread(name, [span(plainText(shown), statusStyle(status)), span(` · ${elapsed}${left}`, 'dim')], width);
}

function barLine({ nodes, unavailable, unreported, budget, failures, maxFailures }: Rollout, width: number): Line {
  const counts = { done: 0, failed: 0, active: 0, waiting: 0 } satisfies Record<PhaseLook['bar'], number>;
  for (const { phase } of nodes) counts[lookOf(phase).bar] += 1;
  // Right after a start of the coordinator most of those unavailable are only not heard of.
  const silent = unreported > 0 ? ` · ${unreported} not reported yet` : '';
  const facts = [
    span(`  ${counts.done}/${nodes.length} done`),
    span(' · unavailable '),
    span(`${unavailable}/${budget}`, unavailable > budget ? 'red' : unavailable === budget ? 'yellow' : undefined),
    span(' · failures '),
    span(`${failures}/${maxFailures}`, failures > maxFailures ? 'red' : failures > 0 ? 'yellow' : undefined),
    span(silent, 'yellow'),
  ];
  const cells = Math.max(BAR_MIN, Math.min(BAR_MAX, width - 50 - silent.length));
  return [...bar(counts, nodes.length, cells), ...facts];
}

/** Whatever is there at all gets a cell, as long as there are cells: one failed node in a thousand has to be seen. */
function bar(counts: Readonly<Record<PhaseLook['bar'], number>>, total: number, cells: number): Line {
  const parts = [
    { count: counts.done, glyph: '█', style: 'green' },
    { count: counts.failed, glyph: '█', style: 'red' },
    { count: counts.active, glyph: '▓', style: 'yellow' },
  ] as const satisfies readonly { count: number; glyph: string; style: Style }[];
  let left = cells;
  const filled = parts.flatMap(({ count, glyph, style }) => {
    const size = count === 0 || total === 0 ? 0 : Math.min(left, Math.max(1, Math.floor((count * cells) / total)));
    left -= size;
    return size === 0 ? [] : [span(glyph.repeat(size), style)];
  });
  return [...filled, span('░'.repeat(left), 'dim')];
}

function reasonLines({ reason, detail, status }: Rollout): readonly Line[] {
  if (reason === '' && detail === '') return [];
  const known = reasonOf(reason);
  return [
    [span(`${status}: `, statusStyle(status)), span(reasonText(reason, detail))],
    ...(known === null ? [] : [[span(`  who can unblock: ${known.unblock}`, 'dim')], [span(`  what happens next: ${known.next}`, 'dim')]]),
  ];
}

function statusStyle(status: string): Style | undefined {
  if (status === 'completed') return 'green';
  if (status === 'running') return 'cyan';
  return ['failed', 'held', 'aborted', 'aborting'].includes(status) ? 'red' : 'yellow';
}
