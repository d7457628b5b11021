import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { renderBoard } from '../../coordinator/cli/board/render-board.ts';
import type { Rollout__Output } from '../../shared/wire/messages.ts';
import type { Host } from '../fleet/host.ts';
import { boardSvg } from './board-svg.ts';

const PICTURE = fileURLToPath(new URL('board.svg', import.meta.url));
const WIDTH = 100;
const WATCH_MS = 300_000;

/** Watches a rollout beside the board that people see, and draws its busiest moment for the README. */
export async function recordBoard(control: Host, rollout: string): Promise<void> {
  const watched = await control.exec(['farrier', 'rollout', 'watch', rollout, '--json', '--until-paused'], { timeoutMs: WATCH_MS });
  const moments = watched.stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Rollout__Output);
  const busiest = moments.toSorted((a, b) => variety(b) - variety(a))[0];
  if (busiest === undefined) throw new Error(`the rollout showed nothing: ${watched.stderr}`);
  const nowUnixMs = Math.max(...busiest.nodes.map((node) => Number(node.sinceUnixMs))) + 1_000;
  const lines = renderBoard(busiest, { width: WIDTH, nowUnixMs, color: true });
  writeFileSync(PICTURE, boardSvg(lines, `farrier rollout watch ${rollout}`));
}

/** Many different phases at once, slots in use, something done already: what a picture should show. */
function variety({ nodes, unavailable, budget }: Rollout__Output): number {
  const phases = new Set(nodes.map((node) => node.phase)).size;
  return phases + (unavailable === budget ? 2 : 0) + (nodes.some((node) => node.phase === 'done') ? 2 : 0);
}
