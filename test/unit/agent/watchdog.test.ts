import { rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { deadlineWatchdog } from '../../../agent/adapters/deadline-watchdog.ts';
import { acceptAssignment } from '../../../agent/runner/accept-assignment.ts';
import { bark } from '../../../agent/runner/bark.ts';
import { breakGlassDisarm } from '../../../agent/runner/break-glass.ts';
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

test('a person who disarms is told whether there was anything to disarm', async () => {
  const deadlines = deadlineWatchdog(bench.stateDir, bench.host.clock);
  expect(await breakGlassDisarm(deadlines, bench.host)).toMatchObject({ ok: true, message: 'no deadline is set for assignment 1: there was nothing to disarm' });
  await deadlines.arm(1, 10_000);
  expect(await breakGlassDisarm(deadlines, bench.host)).toMatchObject({ ok: true, message: 'the watchdog of assignment 1 is disarmed' });
  expect(await deadlines.armed()).toEqual([]);
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
  expect(bench.asked).toEqual(['start 1 went-silent', 'kill 1 but went-silent']);
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

test('what was armed and never begun is nothing to put back', async () => {
  const deadlines = deadlineWatchdog(bench.stateDir, bench.host.clock);
  await deadlines.arm(1, 10_000);
  bench.nowMs += 10_001;
  // Between the two at this instant, or killed there.
  bench.runningGeneration = 1;
  expect(await bark(deadlines, bench.units, bench.host)).toEqual([]);
  expect(await deadlines.due()).toEqual([1]);
  bench.runningGeneration = null;
  expect(await bark(deadlines, bench.units, bench.host)).toEqual([]);
  expect(await deadlines.due()).toEqual([]);
  expect(bench.asked).toEqual([]);
});

test('past the point of no return it holds', async () => {
  const deadlines = deadlineWatchdog(bench.stateDir, bench.host.clock);
  await deadlines.arm(1, 10_000);
  bench.noReturn.add('a');
  const stop = new AbortController();
  bench.did.push = (...items: string[]) => {
    if (items.includes('apply b')) stop.abort();
    return Array.prototype.push.apply(bench.did, items);
  };
  bench.failing.add('verify b');
  await bench.work(1, 'activate', stop.signal);
  bench.nowMs += 10_001;
  expect(await bark(deadlines, bench.units, bench.host)).toEqual([1]);
  await bench.work(1, 'went-silent');
  expect(bench.kinds()).toMatch(/verified0 begin1 prior1 applied1 refused:past-no-return$/);
  expect(bench.outcome()?.message).toMatch(/^went-silent/);
  expect(bench.did.filter((what) => what.startsWith('revert'))).toEqual([]);
  expect(await bark(deadlines, bench.units, bench.host)).toEqual([]);
});

test('with onSilence: keep nothing is armed, and 40 minutes without anybody revert nothing', async () => {
  rmSync(bench.stateDir, { recursive: true });
  bench = new AgentBench();
  await acceptAssignment(bench.assignment({ onSilence: 'keep' }), bench.host);
  await bench.work(1, 'stage');
  await recordPermit(bench.permit(bench.digest()), bench.question(), bench.host);
  const deadlines = deadlineWatchdog(bench.stateDir, bench.host.clock);
  const stop = new AbortController();
  bench.did.push = (...items: string[]) => {
    if (items.includes('apply a')) stop.abort();
    return Array.prototype.push.apply(bench.did, items);
  };
  // Cut off in the middle; the timer comes by twice a minute.
  await bench.work(1, 'activate', stop.signal);
  expect(bench.armed.size).toBe(0);
  for (let look = 0; look < 80; look += 1) {
    bench.nowMs += 30_000;
    expect(await bark(deadlines, bench.units, bench.host)).toEqual([]);
  }
  await bench.work(1, 'activate');
  expect(bench.kinds()).toMatch(/done$/);
  expect(bench.kinds()).not.toContain('revert');
});
