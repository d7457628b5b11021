import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';

import { watchSnapshots } from '../../../../coordinator/runtime/watch-snapshots.ts';
import { generateIdentity } from '../../../../shared/age/age-keys.ts';
import { DEFAULT_POLICY } from '../../../../shared/domain/policy.ts';
import { type DatastoreWorkBench, datastoreWorkBench } from '../../../support/datastore-work-bench.ts';
import { lineLogger } from '../../../support/line-logger.ts';

const HOUR_MS = 3_600_000;

/** Runs the watch for that long. */
async function watched({ state, log, work, agents, clock }: DatastoreWorkBench, ms: number, logger = lineLogger().logger): Promise<void> {
  const stop = new AbortController();
  const watching = watchSnapshots({ state, log, work, copies: agents.copies, clock, logger }, stop.signal);
  for (let elapsedMs = 0; elapsedMs < ms; elapsedMs += 30_000) {
    for (let turn = 0; turn < 20; turn += 1) await setImmediate();
    clock.advance(30_000);
  }
  for (let turn = 0; turn < 20; turn += 1) await setImmediate();
  stop.abort();
  await watching;
}

test('copies and drills are made by themselves as often as the policy says, of each cluster, and by default never', async () => {
  const quiet = await datastoreWorkBench();
  await watched(quiet, 2 * HOUR_MS);
  expect(quiet.agents.orders).toEqual([]);
  const bench = await datastoreWorkBench();
  bench.state.policy = { ...DEFAULT_POLICY, snapshots: { ...DEFAULT_POLICY.snapshots, copyEveryMs: HOUR_MS, drillEveryMs: 2 * HOUR_MS } };
  await watched(bench, 4 * HOUR_MS - 60_000);
  const count = (kind: string): number => bench.agents.orders.filter(({ node, action }) => node.startsWith('north') && action.kind === kind).length;
  expect([count('take'), count('send'), count('prove')]).toEqual([4, 4, 2]);
  expect(bench.log.of('south').drills.map(({ by, end }) => `${by} ${end.ok}`)).toEqual(['farrier true', 'farrier true']);
});

test('what fails is tried again after a while, and keeps nobody else waiting', async () => {
  const bench = await datastoreWorkBench();
  bench.state.policy = { ...DEFAULT_POLICY, snapshots: { ...DEFAULT_POLICY.snapshots, copyEveryMs: HOUR_MS } };
  bench.agents.failNext = { kind: 'take', code: 'snapshot-failed' };
  await watched(bench, 60_000);
  expect([bench.log.of('north').snapshots.length, bench.log.of('south').snapshots.length]).toEqual([0, 1]);
  await watched(bench, 660_000);
  expect(bench.log.of('north').snapshots.length).toBe(1);
});

test('a target that is missed is told once, and once when it is met again', async () => {
  const bench = await datastoreWorkBench();
  bench.state.policy = { ...DEFAULT_POLICY, snapshots: { ...DEFAULT_POLICY.snapshots, recipients: [generateIdentity().recipient.text] } };
  await bench.work.take('south', null, new AbortController().signal);
  const log = lineLogger();
  await watched(bench, 120_000, log.logger);
  const lines = () => log.lines.filter((line) => line.includes('target') && line.includes('rpo-missed'));
  expect(lines()).toHaveLength(1);
  await bench.work.take('north', null, new AbortController().signal);
  await watched(bench, 120_000, log.logger);
  expect(lines()).toHaveLength(2);
  expect(bench.state.recovery?.get('north')?.alerts.map(({ reason }) => reason)).toEqual(['snapshot-unproved']);
});

test('copies go by the policy’s keep, never the newest proved one, and what is gone without us is noted', async () => {
  const bench = await datastoreWorkBench();
  const never = new AbortController().signal;
  bench.state.policy = { ...DEFAULT_POLICY, snapshots: { ...DEFAULT_POLICY.snapshots, keep: { newest: 1, withinMs: 0, hourly: 0, daily: 0, weekly: 0 } } };
  await bench.work.prove('north', never);
  for (let count = 0; count < 3; count += 1) {
    bench.clock.advance(60_000);
    await bench.work.take('north', null, never);
  }
  const here = (): readonly boolean[] => bench.log.of('north').snapshots.map(({ record }) => record.copies.some(({ kind }) => kind === 'coordinator'));
  expect(here()).toEqual([true, true, true, true]);
  await bench.agents.copies.prune();
  // Proved, and the newest; the others still lie on their host.
  expect(here()).toEqual([true, false, false, true]);
  bench.agents.gone.add(bench.log.of('north').snapshots.at(-1)?.record.sealed?.digest ?? '');
  await bench.agents.copies.prune();
  expect(here()).toEqual([true, false, false, false]);
});

test('a copy that another cluster has too is deleted for neither by what the other one lets go', async () => {
  const bench = await datastoreWorkBench();
  const never = new AbortController().signal;
  bench.state.policy = { ...DEFAULT_POLICY, snapshots: { ...DEFAULT_POLICY.snapshots, keep: { newest: 1, withinMs: 0, hourly: 0, daily: 0, weekly: 0 } } };
  await bench.work.take('north', null, never);
  const { record } = bench.log.of('north').snapshots.at(-1)!;
  // A host tells bytes as its own that it never had, and has a newer snapshot.
  const told = { node: 'south-1', records: [{ ...record, cluster: 'south' }], gone: [] };
  await bench.log.append('south', () => [{ type: 'reported', ...told }, { type: 'copied', node: 'south-1', id: record.id, copy: { kind: 'coordinator' } }]);
  bench.clock.advance(60_000);
  await bench.work.take('south', null, never);
  await bench.agents.copies.prune();
  expect(bench.agents.removed).toEqual([]);
});
