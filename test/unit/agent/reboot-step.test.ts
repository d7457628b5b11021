import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { HostBoot } from '../../../agent/ports/host-boot.ts';
import type { UnitLook } from '../../../agent/ports/units.ts';
import { acceptAssignment } from '../../../agent/runner/accept-assignment.ts';
import { recordPermit } from '../../../agent/runner/record-permit.ts';
import { newerKernel } from '../../../agent/steps/reboot/newer-kernel.ts';
import { rebootStep } from '../../../agent/steps/reboot/reboot.ts';
import type { RebootSpec, StepSpec } from '../../../shared/domain/step-spec.ts';
import type { Clock } from '../../../shared/ports/clock.ts';
import { encodeSequence } from '../../../shared/wire/sequence-codec.ts';
import { AgentBench } from '../../support/agent-bench.ts';
import { fakeUnits } from '../../support/fake-units.ts';
import { hastyClock } from '../../support/runner-fakes.ts';

const reboot: RebootSpec = { kind: 'reboot', name: 'reboot', timeoutMs: 60_000, action: 'reboot', onlyIf: 'always', units: ['x.service'] };
const guard: RebootSpec = { ...reboot, name: 'guard', action: 'guard' };
const change: StepSpec = { kind: 'service', name: 'change', timeoutMs: 60_000, unit: 'a.service', action: 'restart', looks: 1, lookIntervalMs: 1 };
const proof: StepSpec = { ...change, name: 'proof' };

/** A host that boots when it is asked to: the work unit is then told to end. What the next boot is like stands in `next`. */
class FakeHost {
  bootId = 'boot-1';
  kernel = '6.1.0-18-amd64';
  installed: readonly string[] = [];
  required = false;
  refuses = '';
  failed: readonly string[] = ['old.service'];
  readonly states = ['starting', 'running'];
  look: UnitLook | null = { activeState: 'active', subState: 'running', mainPid: 7, startedMs: 0, unitFileState: 'enabled', restarts: 0 };
  asked = 0;
  onCapture = (): void => undefined;
  stop = new AbortController();
  readonly boot: HostBoot = {
    bootId: () => this.bootId,
    kernel: () => this.kernel,
    installedKernels: async () => this.installed,
    isRebootRequired: async () => this.required,
    reboot: async () => {
      this.asked += 1;
      if (this.refuses === '') setImmediate(() => this.stop.abort());
      return this.refuses;
    },
    state: async () => (this.states.length > 1 ? this.states.shift() : this.states[0]) ?? '',
    failedUnits: async () => {
      this.onCapture();
      return this.failed;
    },
  };
  /** What the next looks see before that. */
  looks: UnitLook[] = [];
  readonly units = fakeUnits({ look: async () => this.looks.shift() ?? this.look });
}

let bench: AgentBench;
let host: FakeHost;
beforeEach(() => {
  bench = new AgentBench();
  host = new FakeHost();
  bench.own = { reboot: rebootStep({ boot: host.boot, units: host.units, clock: hastyClock }) };
});
afterEach(() => rmSync(bench.stateDir, { recursive: true }));

async function permitted(...steps: readonly StepSpec[]): Promise<void> {
  await acceptAssignment(bench.assignment({ action: { kind: 'sequence', bytes: encodeSequence(steps) } }), bench.host);
  await bench.work(1, 'stage');
  await recordPermit(bench.permit(bench.digest()), bench.question(), bench.host);
}

async function work(): Promise<string> {
  host.stop = new AbortController();
  await bench.work(1, 'activate', host.stop.signal);
  return bench.kinds();
}

function boots(into: Partial<FakeHost> = {}): void {
  host.bootId = `boot-${Number(host.bootId.slice('boot-'.length)) + 1}`;
  Object.assign(host, { required: false, ...into });
  bench.host = { ...bench.host, bootId: host.bootId };
}

describe('reboot', () => {
  test('once asked for, it journals no outcome; after the boot it goes on and is proved', async () => {
    await permitted(reboot, proof);
    expect(await work()).toMatch(/permit begin0 prior0$/);
    boots();
    expect(await work()).toMatch(/prior0 begin0 applied0 verified0 begin1 .*done$/);
    expect(host.asked).toBe(1);
  });

  test('a power cut before it was asked for is a reboot too', async () => {
    await permitted(reboot);
    host.onCapture = () => host.stop.abort();
    expect(await work()).toMatch(/permit begin0 prior0$/);
    boots({ onCapture: () => undefined });
    expect(await work()).toMatch(/done$/);
    expect(host.asked).toBe(0);
  });

  test('a work unit that is ended by somebody else asks again', async () => {
    await permitted(reboot);
    await work();
    await work();
    expect(host.asked).toBe(2);
    boots();
    expect(await work()).toMatch(/done$/);
  });

  test.each<[string, Partial<FakeHost>, RegExp, string]>([
    ['a unit that fails only since', { failed: ['old.service', 'new.service'] }, /reverting0:verify-failed/, 'new.service'],
    ['a unit that does not come up', { look: null }, /reverting0:unit-not-found/, 'x.service'],
    ['a system that is not whole', { states: ['maintenance'] }, /reverting0:verify-failed/, ''],
  ])('%s is what the outcome names', async (_name, into, expected, object) => {
    await permitted(reboot);
    await work();
    boots(into);
    expect(await work()).toMatch(expected);
    expect(bench.outcome()?.object).toBe(object);
  });

  test('degraded by what failed before is as good as before', async () => {
    await permitted(reboot);
    await work();
    boots({ states: ['degraded'] });
    expect(await work()).toMatch(/done$/);
  });

  describe('a unit that systemd starts again', () => {
    const ended = (restarts: number): UnitLook => ({ activeState: 'activating', subState: 'auto-restart', mainPid: 0, startedMs: 0, unitFileState: 'enabled', restarts });
    const up = (restarts: number): UnitLook => ({ activeState: 'active', subState: 'running', mainPid: 10 + restarts, startedMs: 0, unitFileState: 'enabled', restarts });

    test('until what it needs has come up is as good as any', async () => {
      await permitted(reboot);
      await work();
      boots({ looks: [ended(1), ended(1), up(1), ended(2)], look: up(2) });
      expect(await work()).toMatch(/done$/);
    });

    test('for ever has crashed', async () => {
      let nowMs = 0;
      const clock: Clock = { ...hastyClock, monotonicMs: () => nowMs, sleep: async (ms) => { nowMs += ms; } };
      bench.own = { reboot: rebootStep({ boot: host.boot, units: host.units, clock }) };
      await permitted(reboot);
      await work();
      nowMs = 0;
      boots({ look: ended(1) });
      expect(await work()).toMatch(/reverting0:unit-crashed/);
      expect(nowMs).toBeGreaterThanOrEqual(120_000);
    });
  });

  test('systemd that refuses fails the step', async () => {
    await permitted(reboot);
    host.refuses = 'Operation inhibited';
    expect(await work()).toMatch(/reverting0:reboot-failed reverted0/);
    expect(bench.outcome()?.message).toContain('Operation inhibited');
  });

  test('a host that never goes down fails it when its time is up', async () => {
    await permitted({ ...reboot, timeoutMs: 30 });
    host.stop = new AbortController();
    const ignored = new AbortController().signal;
    await bench.work(1, 'activate', ignored);
    expect(bench.kinds()).toMatch(/reverting0:reboot-failed reverted0 reverted:reboot-failed$/);
  });

  test.each<[string, Partial<FakeHost>, number]>([
    ['nothing asks for one', { installed: ['6.1.0-18-amd64', '5.10.0-30-amd64'] }, 0],
    ['a package asked', { required: true }, 1],
    ['a newer kernel is installed', { installed: ['6.1.0-9-amd64', '6.1.0-20-amd64'] }, 1],
  ])('only if required: %s', async (_name, change_, asked) => {
    Object.assign(host, change_);
    await permitted({ ...reboot, onlyIf: 'required' });
    if (asked === 0) {
      expect(await work()).toMatch(/applied0:satisfied verified0 done$/);
    } else {
      await work();
      boots({ kernel: '6.1.0-20-amd64' });
      expect(await work()).toMatch(/verified0 done$/);
    }
    expect(host.asked).toBe(asked);
  });

  test('a host that boots its old kernel again still requires one', async () => {
    host.installed = ['6.1.0-20-amd64'];
    await permitted({ ...reboot, onlyIf: 'required' });
    await work();
    boots();
    expect(await work()).toMatch(/reverting0:reboot-failed/);
    expect(bench.outcome()?.message).toContain('6.1.0-20-amd64 is installed and 6.1.0-18-amd64 runs');
  });
});

describe('guard', () => {
  test('going back boots into the old state, after what was changed was put back', async () => {
    await permitted(guard, change, reboot, proof);
    bench.failing.add('apply proof');
    await work();
    boots({ kernel: '6.1.0-20-amd64' });
    expect(await work()).toMatch(/reverting2:apply-failed reverted2 reverting1:apply-failed reverted1 reverting0:apply-failed$/);
    expect(bench.did.at(-1)).toBe('revert change');
    boots({ kernel: '6.1.0-18-amd64' });
    expect(await work()).toMatch(/reverting0:apply-failed reverted0 reverted:apply-failed$/);
    expect(host.asked).toBe(2);
  });

  test('a host that never booted since has nothing to boot out of', async () => {
    await permitted(guard, change, proof);
    bench.failing.add('apply proof');
    expect(await work()).toMatch(/reverted0 reverted:apply-failed$/);
    expect(host.asked).toBe(0);
  });

  test('the wrong kernel is no way back', async () => {
    await permitted(guard, change, reboot, proof);
    bench.failing.add('apply proof');
    await work();
    boots({ kernel: '6.1.0-20-amd64' });
    await work();
    boots();
    expect(await work()).toMatch(/refused:needs-a-person$/);
    expect(bench.outcome()?.message).toContain('came up with kernel 6.1.0-20-amd64');
  });

  test('a unit that was down before need not come up', async () => {
    host.look = null;
    await permitted(guard, change, reboot, proof);
    await work();
    boots();
    await work();
    boots();
    expect(await work()).toMatch(/reverted:unit-not-found$/);
  });
});

test.each<[string, readonly string[], string | null]>([
  ['6.1.0-18-amd64', ['6.1.0-9-amd64'], null],
  ['6.9.1', ['6.10.0', '6.2.0'], '6.10.0'],
  ['5.15.0-100-generic', ['5.15.0-101-generic'], '5.15.0-101-generic'],
  ['6.1.0-18-amd64', ['6.1.0-18-rt-amd64'], null],
  ['6.1.0-18-amd64', [], null],
])('from %s over %j the newer kernel is %s', (running, installed, newer) => {
  expect(newerKernel(running, installed)).toBe(newer);
});
