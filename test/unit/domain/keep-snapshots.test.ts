import { expect, test } from 'vitest';

import { type Retention, snapshotsToDelete } from '../../../shared/domain/keep-snapshots.ts';
import type { SnapshotRecord } from '../../../shared/domain/snapshot.ts';
import { exampleProof, exampleSnapshot } from '../../support/example-snapshot.ts';

const NOTHING: Retention = { newest: 0, withinMs: 0, hourly: 0, daily: 0, weekly: 0 };
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
// A Wednesday, so that a week's Monday is not far.
const nowUnixMs = Date.UTC(2026, 10, 18, 12, 30);

/** Named by their age; `*` is a proved one. */
function taken(...names: readonly string[]): readonly SnapshotRecord[] {
  return names.map((id) => {
    const [, amount, unit, proved] = /^(-?\d+)([mhd])(\*?)$/.exec(id) ?? [];
    const takenUnixMs = nowUnixMs - Number(amount) * (unit === 'm' ? 60_000 : unit === 'h' ? HOUR_MS : DAY_MS);
    return exampleSnapshot({ id, takenUnixMs, proof: proved === '*' ? exampleProof(takenUnixMs + 60_000) : null });
  });
}

function kept(records: readonly SnapshotRecord[], retention: Partial<Retention>): readonly string[] {
  const { toDelete } = snapshotsToDelete(records, { ...NOTHING, ...retention }, nowUnixMs);
  return records.filter((record) => !toDelete.includes(record)).map(({ id }) => id);
}

test.each<readonly [string, readonly string[], Partial<Retention>, readonly string[]]>([
  ['the newest, whatever the settings', ['5d', '9d', '1d'], {}, ['1d']],
  ['the newest proved one too', ['1d', '5d*', '9d*'], {}, ['1d', '5d*']],
  ['nothing twice, where they are the same', ['1d*', '5d*'], {}, ['1d*']],
  ['the newest so many', ['1h', '2h', '3h', '4h'], { newest: 2 }, ['1h', '2h']],
  ['those that are young enough, to the millisecond', ['1h', '24h', '25h'], { withinMs: DAY_MS }, ['1h', '24h']],
  ['one of each hour', ['5m', '10m', '35m', '100m', '110m'], { hourly: 3 }, ['5m', '35m', '100m']],
  ['of an hour the proved one, though it is older', ['5m*', '35m', '40m*', '50m*'], { hourly: 2 }, ['5m*', '40m*']],
  ['hours that have one, however long ago', ['1h', '200h', '400h', '600h'], { hourly: 3 }, ['1h', '200h', '400h']],
  ['one of each day', ['1h', '11h', '14h', '20h', '3d'], { daily: 3 }, ['1h', '14h', '3d']],
  ['one of each week, from Monday', ['1d', '2d', '3d', '8d', '9d', '10d'], { weekly: 3 }, ['1d', '3d', '10d']],
  ['what any line keeps', ['1h', '2h', '1d', '2d', '20d', '21d'], { newest: 2, daily: 3, weekly: 2 }, ['1h', '2h', '1d', '2d', '20d']],
])('keeps %s', (_what, ids, retention, expected) => {
  expect(kept(taken(...ids), retention)).toEqual(expected);
});

test('each cluster is kept by itself', () => {
  const records = [...taken('1h', '2h'), ...taken('3h', '4h').map((record) => ({ ...record, cluster: 'edge' }))];
  expect(kept(records, { newest: 1 })).toEqual(['1h', '3h']);
});

test('says why each is kept', () => {
  const { kept: reasons } = snapshotsToDelete(taken('1h', '30h*', '31h'), { ...NOTHING, newest: 1, daily: 2 }, nowUnixMs);
  expect([...reasons]).toEqual([
    ['1h', ['newest-of-all', 'newest', 'daily']],
    ['30h*', ['newest-proved', 'daily']],
  ]);
});

test.each([
  ['a snapshot of tomorrow', taken('1h', '9d', '-1d')],
  ['a proof of tomorrow', [...taken('1h', '9d'), { ...exampleSnapshot(), id: 'x', takenUnixMs: 0, proof: exampleProof(nowUnixMs + DAY_MS) }]],
])('%s says that the clock went back: nothing is deleted', (_what, records) => {
  expect(snapshotsToDelete(records, NOTHING, nowUnixMs)).toMatchObject({ toDelete: [], clockWentBack: true });
});

test('a host whose clock is a little ahead stops nothing', () => {
  expect(kept(taken('-4m', '9d'), {})).toEqual(['-4m']);
});

test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('%d is no setting', (newest) => {
  expect(() => snapshotsToDelete([], { ...NOTHING, newest }, nowUnixMs)).toThrow('newest');
});
