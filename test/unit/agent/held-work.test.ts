import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { acceptAssignment } from '../../../agent/runner/accept-assignment.ts';
import { breakGlassFinish, breakGlassRelease, breakGlassRevert } from '../../../agent/runner/break-glass.ts';
import { AgentBench, permitted } from '../../support/agent-bench.ts';

let bench: AgentBench;

beforeEach(() => { bench = new AgentBench(); });
afterEach(() => rmSync(bench.stateDir, { recursive: true }));

describe('break-glass, when nobody else can', () => {
  beforeEach(async () => {
    await permitted(bench);
    bench.failing.add('verify b');
    bench.failing.add('revert b');
    await bench.work(1, 'activate');
    expect(bench.kinds()).toMatch(/reverting1:apply-failed reverting1:apply-failed reverting1:apply-failed refused:needs-a-person$/);
    expect(await bench.work(1, 'activate')).toMatchObject({ next: { kind: 'needs-a-person', journaled: true } });
    bench.failing.clear();
  });

  test('finish goes on forward', async () => {
    expect(await breakGlassFinish(bench.units, bench.host)).toMatchObject({ ok: true });
    expect(bench.asked).toEqual(['stop 1', 'start 1 finish']);
    await bench.work(1, 'finish');
    expect(bench.kinds()).toMatch(/refused:needs-a-person begin1 applied1 verified1 done$/);
  });

  test('revert puts back, and says what it waits for while a unit is at work', async () => {
    const said: string[] = [];
    bench.runningGeneration = 1;
    expect(await breakGlassRevert(bench.units, bench.host, (line) => said.push(line))).toMatchObject({ ok: true });
    expect(said).toEqual(['assignment 1 is being worked on: waiting until the step that changes the host now has ended']);
    await bench.work(1, 'revert');
    expect(bench.kinds()).toMatch(/reverting1:apply-failed reverted1 reverting0:apply-failed reverted0 reverted:apply-failed$/);
  });

  test('release leaves the host as a person mended it and ends the assignment', async () => {
    expect(await breakGlassRelease(bench.units, bench.watchdog, bench.host)).toMatchObject({ ok: true });
    expect(bench.kinds()).toMatch(/refused:needs-a-person refused:stopped-by-person$/);
    expect(await breakGlassRelease(bench.units, bench.watchdog, bench.host)).toMatchObject({ ok: false });
    expect((await acceptAssignment(bench.assignment({ generation: 2 }), bench.host)).kind).toBe('accepted');
  });
});

describe('the point of no return', () => {
  beforeEach(() => permitted(bench));

  test('a step that fails past it is tried again and then held with everything as it is, for a person to finish', async () => {
    bench.noReturn.add('a');
    bench.failing.add('apply b');
    await bench.work(1, 'activate');
    expect(bench.did.filter((what) => what.startsWith('revert'))).toEqual([]);
    expect(bench.kinds()).toMatch(/applied0 verified0 begin1 prior1 begin1 refused:past-no-return$/);
    // What is done has its guards; what is half-done gets them back.
    expect(bench.did.filter((what) => what.startsWith('guard'))).toEqual(['guard b']);
    expect(await bench.work(1, 'went-silent')).toMatchObject({ next: { kind: 'needs-a-person' } });
    expect(await bench.work(1, 'revert')).toMatchObject({ next: { kind: 'needs-a-person' } });
    expect(bench.did.filter((what) => what.startsWith('revert'))).toEqual([]);
    bench.failing.clear();
    await bench.work(1, 'finish');
    expect(bench.kinds()).toMatch(/begin1 applied1 verified1 done$/);
  });

  test('a step that failed before its own point is put back, one that went past it is held', async () => {
    bench.noReturn.add('b');
    bench.failing.add('apply b');
    await bench.work(1, 'activate');
    expect(bench.kinds()).toMatch(/reverting1:apply-failed reverted1 reverting0:apply-failed reverted0 reverted:apply-failed$/);
  });

  test('one that went past it and cannot be finished is held', async () => {
    bench.noReturn.add('b');
    bench.crossed.add('b');
    bench.failing.add('apply b');
    await bench.work(1, 'activate');
    expect(bench.did.filter((what) => what.startsWith('revert'))).toEqual([]);
    expect(bench.kinds()).toMatch(/begin1 prior1 begin1 refused:past-no-return$/);
  });

  test('a rollback over it is refused before anything is begun', async () => {
    await bench.work(1, 'activate');
    bench.noReturn.add('a');
    await acceptAssignment(bench.assignment({ generation: 2, action: { kind: 'revert', of: { rollout: 'r1', generation: 1, digest: bench.digest() } } }), bench.host);
    await bench.work(2, 'stage');
    expect(bench.kinds(2)).toMatch(/refused:nothing-to-revert$/);
  });
});
