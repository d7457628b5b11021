import { rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { deadlineWatchdog } from '../../../agent/adapters/deadline-watchdog.ts';
import { acceptAssignment } from '../../../agent/runner/accept-assignment.ts';
import { bark } from '../../../agent/runner/bark.ts';
import { recordPermit } from '../../../agent/runner/record-permit.ts';
import { AgentBench } from '../../support/agent-bench.ts';

let bench: AgentBench;

beforeEach(async () => {
  bench = new AgentBench();
  await acceptAssignment(bench.assignment({ onSilence: 'revert', silenceMs: 10_000 }), bench.host);
  await bench.work(1, 'stage');
  await recordPermit(bench.permit(bench.digest()), bench.question(), bench.host);
});
afterEach(() => rmSync(bench.stateDir, { recursive: true }));

test('an armed deadline lies on disk, keeps its time, and is due only when it is past', async () => {
  const { clock } = bench.host;
  await deadlineWatchdog(bench.stateDir, clock).arm(1, 10_000);
  bench.nowMs += 9_000;
  await deadlineWatchdog(bench.stateDir, clock).arm(1, 10_000);
  expect(await deadlineWatchdog(bench.stateDir, clock).due()).toEqual([]);
  bench.nowMs += 1_001;
  expect(await deadlineWatchdog(bench.stateDir, clock).due()).toEqual([1]);
  await deadlineWatchdog(bench.stateDir, clock).disarm(1);
  await deadlineWatchdog(bench.stateDir, clock).disarm(1);
  expect(await deadlineWatchdog(bench.stateDir, clock).due()).toEqual([]);
});

test('past its deadline, what was begun is reverted by a unit of its own; what is over is not', async () => {
  const deadlines = deadlineWatchdog(bench.stateDir, bench.host.clock);
  await deadlines.arm(1, 10_000);
  const stop = new AbortController();
  bench.did.push = (...items: string[]) => {
    if (items.includes('apply a')) stop.abort();
    return Array.prototype.push.apply(bench.did, items);
  };
  await bench.work(1, 'activate', stop.signal);
  expect(await bark(deadlines, bench.units, bench.host)).toEqual([]);
  bench.nowMs += 10_001;
  expect(await bark(deadlines, bench.units, bench.host)).toEqual([1]);
  expect(bench.asked).toEqual(['stop 1', 'start 1 went-silent']);
  await bench.work(1, 'went-silent');
  expect(bench.kinds()).toMatch(/reverting0:went-silent reverted0 reverted:went-silent$/);
  expect(await bark(deadlines, bench.units, bench.host)).toEqual([]);
  expect(await deadlines.due()).toEqual([]);
});

test('losing the link alone reverts nothing: what its own verifies confirmed is disarmed before it is done', async () => {
  await bench.work(1, 'activate');
  expect(bench.kinds()).toMatch(/done$/);
  expect(bench.armed.size).toBe(0);
});
