import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { acceptAssignment } from '../../../agent/runner/accept-assignment.ts';
import { openHostJournal } from '../../../agent/runner/host.ts';
import { recallAssignment } from '../../../agent/runner/recall-assignment.ts';
import { recordPermit } from '../../../agent/runner/record-permit.ts';
import { generateSigningKey } from '../../../shared/trust/signing-key.ts';
import { AgentBench, permitted, staged } from '../../support/agent-bench.ts';

let bench: AgentBench;

beforeEach(() => { bench = new AgentBench(); });
afterEach(() => rmSync(bench.stateDir, { recursive: true }));

const RECALL = { rollout: 'r1', generation: 1, code: 'recalled', reason: 'paused' } as const;
const DONE = 'begin0 prior0 applied0 verified0 begin1 prior1 applied1 verified1 done';

describe('the whole way', () => {
  test('accepted, staged, permitted, done; armed while begun and disarmed before the end', async () => {
    await permitted(bench, { onSilence: 'revert', silenceMs: 1_000 });
    expect(bench.armed.size).toBe(0);
    expect(await bench.work(1, 'activate')).toMatchObject({ kind: 'ended', next: { kind: 'over', end: 'done' } });
    expect(bench.kinds()).toBe(`accepted stage0 stage1 stage permit ${DONE}`);
    expect(bench.did).toEqual(['stage a', 'stage b', 'apply a', 'verify a', 'apply b', 'verify b']);
    expect(bench.armed.size).toBe(0);
    expect(await bench.work(1, 'activate')).toEqual({ kind: 'ended', next: { kind: 'idle' } });
  });

  test('what its steps had to tell stands in the last record', async () => {
    bench.notes.set('apply a', 'away for 700 ms').set('verify b', 'seen');
    await permitted(bench);
    await bench.work(1, 'activate');
    expect(bench.told()).toBe('a: away for 700 ms; b: seen');
  });

  test('what was fetched for going forward is gone when it is over, and not before; what going back needs stays', async () => {
    await staged(bench);
    const folder = join(await bench.host.assignments.folder(1, 0), 'fetched');
    mkdirSync(folder);
    writeFileSync(join(folder, 'k3s'), 'large');
    writeFileSync(join(folder, '..', 'kept'), 'small');
    await bench.host.assignments.release(1);
    expect(existsSync(join(folder, 'k3s'))).toBe(true);
    await recordPermit(bench.permit(bench.digest()), bench.question(), bench.host);
    await bench.work(1, 'activate');
    expect([existsSync(folder), existsSync(join(folder, '..', 'kept'))]).toEqual([false, true]);
  });

  describe('a rollback', () => {
    beforeEach(async () => {
      await permitted(bench);
      await bench.work(1, 'activate');
      bench.did.length = 0;
      const action = { kind: 'revert', of: { rollout: 'r1', generation: 1, digest: bench.digest() } } as const;
      expect((await acceptAssignment(bench.assignment({ generation: 2, rollout: 'r2', action }), bench.host)).kind).toBe('accepted');
      await bench.work(2, 'stage');
      const permit = bench.permit(bench.digest(2), { generation: 2, rollout: 'r2' });
      expect((await recordPermit(permit, bench.question({ generation: 2 }), bench.host)).kind).toBe('permitted');
    });

    test('runs the reverts last first, from the earlier assignment', async () => {
      await bench.work(2, 'activate');
      expect(bench.did).toEqual(['can revert a', 'can revert b', 'revert b', 'revert a']);
      expect(bench.kinds(2)).toBe('accepted stage0 stage1 stage permit begin1 applied1 verified1 begin0 applied0 verified0 done');
    });

    test('that cannot go on gives back what guards the host, and is held', async () => {
      bench.failing.add('revert b');
      await bench.work(2, 'activate');
      expect(bench.did).toEqual(['can revert a', 'can revert b', 'revert b', 'revert b', 'revert b', 'guard b']);
      expect(bench.kinds(2)).toMatch(/permit begin1 begin1 begin1 refused:needs-a-person$/);
    });
  });

  test('a rollback of what this host does not have is refused before anything is begun', async () => {
    const action = { kind: 'revert', of: { rollout: 'r0', generation: 7, digest: 'd'.repeat(64) } } as const;
    await acceptAssignment(bench.assignment({ generation: 9, action }), bench.host);
    await bench.work(9, 'stage');
    expect(bench.kinds(9)).toBe('accepted refused:nothing-to-revert');
  });

  test('what cannot be staged is refused', async () => {
    bench.failing.add('stage b');
    await staged(bench);
    expect(bench.kinds()).toBe('accepted stage0 stage1:apply-failed refused:apply-failed');
  });

  test('told to stop, it finishes its step and goes on where it was', async () => {
    await permitted(bench);
    const stop = new AbortController();
    bench.did.push = (...items: string[]) => {
      if (items.includes('apply a')) stop.abort();
      return Array.prototype.push.apply(bench.did, items);
    };
    expect(await bench.work(1, 'activate', stop.signal)).toMatchObject({ next: { kind: 'run', step: 1 } });
    expect(bench.kinds()).toMatch(/verified0$/);
    await bench.work(1, 'activate');
    expect(bench.kinds()).toMatch(new RegExp(`${DONE}$`));
  });
});

describe('who is believed', () => {
  test('nothing that a key of the fleet did not sign', async () => {
    const result = await acceptAssignment(bench.assignment({ key: generateSigningKey() }), bench.host);
    expect(result).toMatchObject({ kind: 'refused', journaled: false, outcome: { code: 'signature-invalid' } });
    await staged(bench);
    const foreign = { ...bench.permit(bench.digest()), signatures: bench.assignment().signatures };
    expect(await recordPermit(foreign, bench.question(), bench.host)).toMatchObject({ kind: 'refused', outcome: { code: 'signature-invalid' } });
    // An assignment's envelope is no permit, although the same key signed it.
    expect(await recordPermit(bench.assignment(), bench.question(), bench.host)).toMatchObject({ outcome: { code: 'signature-invalid' } });
  });

  test('the work unit verifies for itself: an assignment that was changed on disk is never begun', async () => {
    await permitted(bench);
    const path = join(bench.stateDir, 'assignments/1/assignment.dsse.json');
    const stored = JSON.parse(readFileSync(path, 'utf8')) as { payload: string };
    const payload = Buffer.from(stored.payload, 'base64');
    payload[payload.indexOf('a.service')] = 'x'.charCodeAt(0);
    writeFileSync(path, JSON.stringify({ ...stored, payload: payload.toString('base64') }));
    expect(await bench.work(1, 'activate')).toMatchObject({ kind: 'refused', outcome: { code: 'signature-invalid' } });
    expect(bench.kinds()).toMatch(/permit refused:signature-invalid$/);
    expect(bench.did).not.toContain('apply a');
  });

  test('the work unit verifies for itself: no permit on disk, no begin, whatever the journal says', async () => {
    await permitted(bench);
    rmSync(join(bench.stateDir, 'assignments/1/permit.json'));
    expect(await bench.work(1, 'activate')).toMatchObject({ next: { kind: 'await-permit' } });
    expect(bench.kinds()).toMatch(/permit$/);
  });

  test('a permit that expired between its record and the begin is void', async () => {
    await permitted(bench);
    bench.nowMs += 1_001;
    expect(await bench.work(1, 'activate')).toMatchObject({ next: { kind: 'await-permit' } });
    expect(bench.did).not.toContain('apply a');
  });

  test('what was begun goes on after its key was rotated out, but not when its file was changed too', async () => {
    await permitted(bench);
    const stop = new AbortController();
    bench.failing.add('verify b');
    bench.failing.add('revert b');
    await bench.work(1, 'activate', stop.signal);
    expect(bench.kinds()).toMatch(/refused:needs-a-person$/);
    bench.failing.clear();
    bench.trusted = [generateSigningKey()];
    const path = join(bench.stateDir, 'assignments/1/assignment.dsse.json');
    const whole = readFileSync(path, 'utf8');
    writeFileSync(path, whole.replace('"keyid":"', '"keyid":"0'));
    expect(await bench.work(1, 'revert')).toMatchObject({ kind: 'refused', outcome: { code: 'needs-a-person' } });
    writeFileSync(path, whole);
    expect(await bench.work(1, 'revert')).toMatchObject({ next: { kind: 'over', end: 'reverted' } });
  });

  test('an epoch once seen fences the lower ones off, also where a newer leader only repeated itself', async () => {
    await staged(bench);
    expect(await acceptAssignment(bench.assignment({ epoch: 2 }), bench.host)).toMatchObject({ kind: 'already' });
    expect(await recordPermit(bench.permit(bench.digest()), bench.question(), bench.host)).toMatchObject({ outcome: { code: 'epoch-stale' } });
    expect(await recordPermit(bench.permit(bench.digest(), { epoch: 2 }), bench.question(), bench.host)).toMatchObject({ kind: 'permitted' });
    await bench.work(1, 'activate');
    expect(bench.kinds()).toMatch(/done$/);
  });
});

describe('recall', () => {
  test('ends what was not begun, once, and a permit after it is worth nothing', async () => {
    await permitted(bench);
    expect(await recallAssignment(RECALL, bench.units, bench.host)).toEqual({ kind: 'recalled' });
    expect(await recallAssignment(RECALL, bench.units, bench.host)).toEqual({ kind: 'over' });
    expect(bench.kinds()).toMatch(/permit refused:recalled$/);
    expect(await bench.work(1, 'activate')).toEqual({ kind: 'ended', next: { kind: 'idle' } });
    expect(bench.did).not.toContain('apply a');
  });

  test('comes too late for what was begun, and does not know what never came', async () => {
    await permitted(bench);
    bench.failing.add('verify b');
    bench.failing.add('revert b');
    await bench.work(1, 'activate');
    expect(await recallAssignment(RECALL, bench.units, bench.host)).toEqual({ kind: 'begun' });
    expect(await recallAssignment({ ...RECALL, generation: 2 }, bench.units, bench.host)).toEqual({ kind: 'unknown' });
    expect(await recallAssignment({ ...RECALL, rollout: 'r2' }, bench.units, bench.host)).toEqual({ kind: 'unknown' });
  });

  test('stops a unit that stages, and waits for one that holds the journal', async () => {
    await acceptAssignment(bench.assignment(), bench.host);
    bench.runningGeneration = 1;
    const held = openHostJournal(bench.host, 0);
    if (!held.ok) throw new Error('not opened');
    setTimeout(() => held.journal.close(), 400);
    expect(await recallAssignment(RECALL, bench.units, bench.host)).toEqual({ kind: 'recalled' });
    expect(bench.asked[0]).toBe('stop 1');
  });
});

describe('one at a time', () => {
  test('an assignment waits while a work unit writes, and while another is begun', async () => {
    const held = openHostJournal(bench.host, 0);
    if (!held.ok) throw new Error('not opened');
    expect(await acceptAssignment(bench.assignment(), bench.host)).toMatchObject({ kind: 'busy' });
    held.journal.close();
    await permitted(bench);
    bench.failing.add('verify b');
    bench.failing.add('revert b');
    await bench.work(1, 'activate');
    expect(await acceptAssignment(bench.assignment({ generation: 2 }), bench.host)).toMatchObject({ kind: 'busy', outcome: { code: 'needs-a-person' } });
  });

  test('a newer one ends an older one that was not begun', async () => {
    await permitted(bench);
    expect((await acceptAssignment(bench.assignment({ generation: 2, rollout: 'r2' }), bench.host)).kind).toBe('accepted');
    expect(bench.kinds()).toMatch(/refused:recalled$/);
    expect(await bench.work(1, 'activate')).toEqual({ kind: 'ended', next: { kind: 'idle' } });
  });
});
