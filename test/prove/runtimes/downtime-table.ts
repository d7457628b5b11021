import { printTable } from '../../../coordinator/cli/print/print-table.ts';
import { cellName, CONTAINERD_CELLS } from '../../fleet/containerd-host.ts';
import { median } from '../../bench/median.ts';
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
    return [parts.system, parts.containerd, inMs(median(ours)), inMs(median(bare)), ratio.toFixed(2), ratio <= DOWNTIME_MAX ? 'ok' : 'FAILED', `${sorted(ours).map(inMs).join(' ')} | ${sorted(bare).map(inMs).join(' ')}`];
  });
  return {
    lines: ['', ...printTable(['SYSTEM', 'CONTAINERD', 'IN THE STEP, MS', 'BARE RESTART, MS', 'RATIO', `UP TO ${DOWNTIME_MAX}`, 'ALL RUNS'], rows)],
    problems: CONTAINERD_CELLS.map(cellName).filter((name) => !told.some(({ host }) => host === name)).map((name) => `${name}: CRI was not timed`),
  };
}

function sorted(runs: readonly number[]): readonly number[] {
  return runs.toSorted((a, b) => a - b);
}

function inMs(ms: number): string {
  return ms.toFixed(0);
}
