import { printTable } from '../../../coordinator/cli/print/print-table.ts';
import { cellName, CONTAINERD_CELLS } from '../../fleet/containerd-host.ts';
import type { Seen } from '../../run/tally-tests.ts';
import type { SeenTable } from '../play-tests.ts';
import type { HostParts } from './containerd-hosts.ts';

/** Of the time that a bare restart takes on the same host. */
export const DOWNTIME_MAX = 1.2;

/** How long CRI did not answer, run by run, in milliseconds. */
export interface DowntimeSaw {
  readonly host: string;
  readonly parts: HostParts;
  readonly ours: readonly number[];
  readonly bare: readonly number[];
}

export function downtimeTable(seen: readonly Seen[]): SeenTable {
  const told = seen.map(({ saw }) => saw as DowntimeSaw);
  const rows = told.map(({ parts, ours, bare }) => {
    const ratio = median(ours) / median(bare);
    return [parts.system, parts.containerd, inMs(median(ours)), inMs(median(bare)), ratio.toFixed(2), ratio <= DOWNTIME_MAX ? 'ok' : 'FAILED', `${ours.map(inMs).join(' ')} | ${bare.map(inMs).join(' ')}`];
  });
  return {
    lines: ['', ...printTable(['SYSTEM', 'CONTAINERD', 'IN THE STEP, MS', 'BARE RESTART, MS', 'RATIO', `UP TO ${DOWNTIME_MAX}`, 'EACH RUN'], rows)],
    problems: CONTAINERD_CELLS.map(cellName).filter((name) => !told.some(({ host }) => host === name)).map((name) => `${name}: CRI was not timed`),
  };
}

/** NaN of none: no comparison holds with it. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function inMs(ms: number): string {
  return ms.toFixed(0);
}
