import type { Rollout__Output as Rollout, RolloutNode__Output as RolloutNode } from '../../../shared/wire/messages.ts';
import { plainText } from '../print/plain-text.ts';
import type { Line } from './ansi.ts';
import { fit, span, toText } from './ansi.ts';
import { boardHead } from './board-head.ts';
import { countPhases } from './count-phases.ts';
import { nodeLine } from './node-line.ts';
import { lookOf } from './phase-look.ts';

const NAME_WIDTH_MAX = 32;
const ROOM_MIN = 3;

export interface BoardFrame {
  readonly width: number;
  readonly nowUnixMs: number;
  /** So many lines at most; what a person has to see first is kept. */
  readonly height?: number;
  readonly color?: boolean;
  /** Shown below the head: that the coordinator is not reachable at the moment. */
  readonly notice?: string;
}

/** A rollout as lines for a terminal, none wider than `width`. Pure: the same view at the same time looks the same. */
export function renderBoard(rollout: Rollout, { width, nowUnixMs, height = Number.MAX_SAFE_INTEGER, color = false, notice = '' }: BoardFrame): readonly string[] {
  const head: readonly Line[] = [...boardHead(rollout, width, nowUnixMs), ...(notice === '' ? [] : [[span(notice, 'yellow')]]), []];
  const body = waveLines(rollout, width, nowUnixMs, Math.max(ROOM_MIN, height - head.length));
  return [...head, ...body].slice(0, height).map((line) => toText(fit(line, width), color));
}

interface Wave {
  readonly name: string;
  readonly nodes: readonly RolloutNode[];
}

function waveLines({ nodes }: Rollout, width: number, nowUnixMs: number, room: number): readonly Line[] {
  const waves = wavesOf(nodes);
  const titled = waves.length > 1;
  const whole = nodes.length + (titled ? waves.length : 0) <= room;
  // A wave may need its title and a line that says how many of its nodes are not shown.
  const shown = whole ? new Set(nodes) : firstToSee(nodes, room - waves.length * (titled ? 2 : 1));
  const nameWidth = Math.min(NAME_WIDTH_MAX, Math.max(8, ...[...shown].map(({ node }) => node.length)));
  return waves.flatMap((wave) => {
    const seen = wave.nodes.filter((node) => shown.has(node));
    const hidden = wave.nodes.filter((node) => !shown.has(node));
    return [
      ...(titled ? [waveTitle(wave)] : []),
      ...seen.map((node) => nodeLine(node, nameWidth, width, nowUnixMs)),
      ...(hidden.length === 0 ? [] : [[span(`    and ${countPhases(hidden)}`, 'dim')]]),
    ];
  });
}

function wavesOf(nodes: readonly RolloutNode[]): readonly Wave[] {
  const byName = new Map<string, RolloutNode[]>();
  for (const node of nodes) {
    const ofWave = byName.get(node.wave);
    if (ofWave === undefined) byName.set(node.wave, [node]);
    else ofWave.push(node);
  }
  return [...byName].map(([name, ofWave]) => ({ name, nodes: ofWave }));
}

function waveTitle({ name, nodes }: Wave): Line {
  const done = nodes.filter(({ phase }) => phase === 'done').length;
  return [span(plainText(name), 'bold'), span(`  ${done}/${nodes.length}`, done === nodes.length ? 'green' : 'dim')];
}

function firstToSee(nodes: readonly RolloutNode[], count: number): ReadonlySet<RolloutNode> {
  const ranked = nodes.toSorted((a, b) => lookOf(a.phase).rank - lookOf(b.phase).rank);
  return new Set(ranked.slice(0, Math.max(0, count)));
}
