import { expect, test } from 'vitest';

import { judgeSnapshots } from '../../../../agent/doctor/snapshot-checks.ts';
import type { SnapshotState } from '../../../../agent/snapshots/work/snapshot-state.ts';
import { exampleOutcome } from '../../../support/example-outcome.ts';
import { exampleProof, exampleSnapshot } from '../../../support/example-snapshot.ts';

const NOW = 1_790_000_000_000;
const HOUR_MS = 3_600_000;
const GOOD: SnapshotState = { records: [exampleSnapshot({ takenUnixMs: NOW - HOUR_MS, proof: exampleProof(NOW - HOUR_MS) })], kept: new Map(), problems: [], lastTaking: exampleOutcome({ startedUnixMs: NOW - HOUR_MS }), nextUnixMs: NOW + HOUR_MS };
const SETTINGS = { recipients: ['age1x'], schedule: { cron: '0 * * * *', timeZone: 'UTC', jitterMs: 0 }, folder: '/var/lib/farrier-snapshots' };

test.each<[string, Partial<SnapshotState>, Partial<typeof SETTINGS> | { schedule: null }, RegExp]>([
  ['ok', {}, {}, /^1 of them, the newest of \S+, the newest proved one of \S+$/],
  ['ok', { records: [exampleSnapshot({ takenUnixMs: NOW })] }, {}, /none proved on this host$/],
  ['failed', { lastTaking: exampleOutcome({ code: 'unreachable', message: 'etcd does not answer', snapshot: null }) }, {}, /^the last taking, at \S+, failed: etcd does not answer$/],
  ['failed', { lastTaking: exampleOutcome({ code: 'mismatch', message: 'its proof failed' }) }, {}, /its proof failed$/],
  // While it runs, nobody knows yet.
  ['ok', { lastTaking: exampleOutcome({ code: 'running', endedUnixMs: null, snapshot: null }) }, {}, /^1 of them/],
  ['failed', { nextUnixMs: NOW - HOUR_MS }, {}, /^none was taken since \S+, and one has been due for long$/],
  ['warning', { problems: [{ code: 'half-deleted', file: 'a.deleting', message: 'delete it again' }] }, {}, /^\/var\/lib\/farrier-snapshots holds what is no whole snapshot: delete it again$/],
  ['warning', { nextUnixMs: null }, { schedule: null }, /^none is taken by itself; the newest is of \S+$/],
  ['warning', { nextUnixMs: null, records: [], lastTaking: null }, { schedule: null }, /^none is taken by itself; none lies here$/],
  ['warning', {}, { recipients: [] }, /^what is taken is not sealed/],
  ['warning', { records: [exampleSnapshot({ takenUnixMs: NOW, token: { hash: '0330d8b1433f', sealed: null } })] }, {}, /^the newest lacks the server token of hash 0330d8b1433f/],
  ['ok', { records: [exampleSnapshot({ takenUnixMs: NOW, token: { hash: '0330d8b1433f', sealed: 'YWdl' } })] }, {}, /^1 of them/],
  ['warning', { records: [], lastTaking: null, nextUnixMs: 0 }, {}, /^none was taken yet$/],
])('%s: %j with %j', (status, state, settings, detail) => {
  const finding = judgeSnapshots({ ...SETTINGS, ...settings }, { ...GOOD, ...state }, NOW);
  expect(finding).toMatchObject({ status, detail: expect.stringMatching(detail) });
});
