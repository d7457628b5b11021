import { expect, test } from 'vitest';

import { cellName, CONTAINERD_CELLS } from '../../fleet/containerd-host.ts';
import { downtimeTable } from '../../prove/runtimes/downtime-table.ts';
import { type CellSaw, type Change, CHANGES, matrixTable } from '../../prove/runtimes/matrix-table.ts';
import type { Seen } from '../../run/tally-tests.ts';

const CRUN_OLD = 'crun is too old';
const NOTE = 'mind this';
const LATER = 'Debian 13 began with 1.7';
const parts = { system: 'Debian', containerd: '1', runc: '1', crun: '1' };

function notThereOn(host: string, change: Change): string | null {
  if (change === 'next containerd') return host.endsWith('2-1') ? 'nothing is newer' : null;
  if (host.startsWith('trixie')) return null;
  return change === 'Wasm' || (change.includes('crun') && host !== 'bookworm-1-6') ? CRUN_OLD : null;
}

/** Of every cell, as if all had gone well, but for what a case makes of one. */
function seen(spoil: (saw: CellSaw) => Seen | null = () => null): readonly Seen[] {
  const cells = CONTAINERD_CELLS.map(cellName).flatMap((host) =>
    CHANGES.map((change): CellSaw => {
      const notThere = notThereOn(host, change);
      return { host, parts, changes: [change], notThere, note: change === 'sandbox image' && host === 'bookworm-1-6' ? NOTE : null, isChanged: notThere === null, isBack: notThere === null };
    }));
  const row: CellSaw = { host: 'trixie-1-6', parts: { system: 'Debian', containerd: '1.6', runc: '', crun: '' }, changes: CHANGES, notThere: LATER, note: null, isChanged: false, isBack: false };
  return [...cells, row].map((saw) => spoil(saw) ?? { is: 'passed', saw });
}

const isCell = (saw: CellSaw, host: string, change: Change): boolean => saw.host === host && saw.changes.length === 1 && saw.changes[0] === change;
/** What stands there of a host. */
const rowOf = ({ lines }: { readonly lines: readonly string[] }, at: number): string => (lines[2 + at] ?? '').replaceAll(/ {2,}/g, ' | ');

test('a matrix that was seen whole has no problem, and says why what is not there is not', () => {
  const table = matrixTable(seen());
  expect(table.problems).toEqual([]);
  expect([0, 1, 2, 3].map((at) => rowOf(table, at))).toEqual([
    'Debian | 1 | 1 | 1 | ok | ok | n/a [1] | ok | ok [2] | ok | ok, 5 of 5',
    'Debian | 1 | 1 | 1 | n/a [1] | n/a [1] | n/a [1] | ok | ok | ok | ok, 3 of 3',
    'Debian | 1 | 1 | 1 | n/a [1] | n/a [1] | n/a [1] | ok | ok | n/a [3] | ok, 2 of 2',
    'Debian | 1.6 | - | - | n/a [4] | n/a [4] | n/a [4] | n/a [4] | n/a [4] | n/a [4] | n/a [4]',
  ]);
  expect(table.lines.slice(-5)).toEqual([`[1] n/a: ${CRUN_OLD}`, `[2] ${NOTE}`, '[3] n/a: nothing is newer', `[4] n/a: ${LATER}`, '16 of 42 cells cannot be']);
});

test.each<{ name: string; end: Seen['is']; change?: Partial<CellSaw>; row: string; problems: readonly string[] }>([
  { name: 'failed before its change', end: 'failed', change: { isChanged: false, isBack: false }, row: 'FAILED | ok | n/a [1] | ok | ok [2] | ok | ok, 4 of 4', problems: [] },
  { name: 'did not come back', end: 'failed', change: { isBack: false }, row: 'FAILED | ok | n/a [1] | ok | ok [2] | ok | FAILED, 4 of 5', problems: [] },
  { name: 'failed in the end', end: 'failed', row: 'FAILED | ok | n/a [1] | ok | ok [2] | ok | ok, 5 of 5', problems: [] },
  { name: 'was skipped', end: 'skipped', change: { isChanged: false, isBack: false }, row: 'FAILED | ok | n/a [1] | ok | ok [2] | ok | ok, 4 of 4', problems: [] },
  { name: 'passed without a change', end: 'passed', change: { isChanged: false, isBack: false }, row: 'NOT SEEN | ok | n/a [1] | ok | ok [2] | ok | ok, 4 of 4', problems: ['bookworm-1-6: not seen: add crun'] },
  { name: 'passed and saw no way back', end: 'passed', change: { isBack: false }, row: 'NOT SEEN | ok | n/a [1] | ok | ok [2] | ok | FAILED, 4 of 5', problems: ['bookworm-1-6: not seen: add crun'] },
  { name: 'is not there, against what is known', end: 'passed', change: { isChanged: false, isBack: false, notThere: CRUN_OLD }, row: 'n/a [1] | ok | n/a [1] | ok | ok [2] | ok | ok, 4 of 4', problems: ['17 cells cannot be, not 16'] },
])('a cell whose test $name is not ok', ({ end, change, row, problems }) => {
  const table = matrixTable(seen((saw) => (isCell(saw, 'bookworm-1-6', 'add crun') ? { is: end, saw: { ...saw, ...change } } : null)));
  expect(rowOf(table, 0)).toBe(`Debian | 1 | 1 | 1 | ${row}`);
  expect(table.problems).toEqual(problems);
});

test('a reason counts only where its test passed, and what was not run at all is told for each host', () => {
  const failed = matrixTable(seen((saw) => (saw.host === 'trixie-1-6' ? { is: 'failed', saw } : null)));
  expect(rowOf(failed, 3)).toBe('Debian | 1.6 | - | - | FAILED | FAILED | FAILED | FAILED | FAILED | FAILED | NOT SEEN');
  expect(failed.problems).toEqual(['trixie-1-6: not seen: revert', '9 cells cannot be, not 16']);
  expect(matrixTable([]).problems).toHaveLength(7);
});

test('what was timed is shown with its ratio, and a host that was not is a problem', () => {
  const saws = CONTAINERD_CELLS.map((cell) => ({ host: cellName(cell), parts, ours: [700, 119, 120, 118, 600], bare: [90, 400, 100, 95, 200] }));
  const told = (count: number) => downtimeTable(saws.slice(0, count).map((saw) => ({ is: 'passed', saw })));
  expect(told(5).lines[2]?.split(/ {2,}/)).toEqual(['Debian', '1', '120', '100', '1.20', 'ok', '118 119 120 600 700 | 90 95 100 200 400']);
  expect(told(5).problems).toEqual([]);
  expect(told(4).problems).toEqual(['trixie-2-1: CRI was not timed']);
  expect(downtimeTable([{ is: 'failed', saw: { ...saws[0], ours: [121] } }]).lines[2]).toContain('FAILED');
});
