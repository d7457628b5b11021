import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { agentVersionsOnDisk } from '../../../agent/adapters/agent-versions-on-disk.ts';
import type { AgentVersions } from '../../../agent/ports/agent-versions.ts';
import { type AgentUpgradePrior, agentUpgradeStep } from '../../../agent/steps/agent-upgrade/agent-upgrade.ts';
import { packagesStep } from '../../../agent/steps/packages/packages.ts';
import type { StepResult } from '../../../agent/steps/step.ts';
import type { AgentUpgradeSpec } from '../../../shared/domain/step-spec.ts';
import { fakeUnits } from '../../support/fake-units.ts';
import { memoryLab } from '../../support/memory-packages.ts';
import type { PackageLab } from '../../support/package-lab.ts';
import { stepContext } from '../../support/step-context.ts';

const spec: AgentUpgradeSpec = { kind: 'agent_upgrade', name: 'agent', timeoutMs: 1_000, version: '2.0', sources: ['lab'], connectWithinMs: 300 };
let home: string;
let packages: PackageLab;
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'farrier-home-'));
  for (const version of ['0.9', '1.0', '2.0']) {
    mkdirSync(join(home, version));
    writeFileSync(join(home, version, 'node'), '', { mode: 0o755 });
    writeFileSync(join(home, version, 'agent.mjs'), '');
  }
  symlinkSync('1.0', join(home, 'current'));
  packages = await memoryLab();
  await packages.publish([{ name: 'farrier-agent', version: '1.0' }, { name: 'farrier-agent', version: '2.0' }]);
  await packages.installed({ name: 'farrier-agent', version: '1.0' });
});
afterEach(async () => {
  rmSync(home, { recursive: true });
  rmSync(join(await packages.folder(), '..'), { recursive: true });
});

/** connects: its session is noted when it starts. mute: it stays up without one. crashes: systemd restarts it at every look. */
type Behaviour = 'connects' | 'mute' | 'crashes';

/** A host whose package neither flips nor restarts: whatever the step does not do itself stays undone. */
async function bench(behaviours: Readonly<Record<string, Behaviour>>, change: { readonly reach?: boolean; readonly proved?: string } = {}) {
  const did: string[] = [];
  let proved: string | null = change.proved ?? '1.0';
  let runs = '1.0';
  let restarts = 0;
  const onDisk = agentVersionsOnDisk(home, join(home, '1.0'));
  const versions: AgentVersions = { ...onDisk, runBy: async () => runs, flip: async (version) => (did.push(`flip ${version}`), onDisk.flip(version)) };
  const units = fakeUnits({
    look: async () => ({ activeState: 'active', subState: 'running', mainPid: 7, unitFileState: 'enabled', startedMs: 0, restarts: behaviours[runs] === 'crashes' ? (restarts += 1) : restarts }),
    restart: async () => {
      runs = (await onDisk.current()) ?? '';
      did.push(`restart onto ${runs}`);
      if (behaviours[runs] === 'connects') proved = runs;
      return '';
    },
    stop: async () => '',
    lastLines: async () => '',
  });
  const system = { ...packages.system, install: async (...args: Parameters<typeof packages.system.install>) => (did.push('install'), packages.system.install(...args)) };
  const step = agentUpgradeStep({
    packages: packagesStep(system),
    versions,
    units,
    guard: { arm: async () => void did.push('arm'), disarm: async () => undefined },
    clock: { monotonicMs: () => 0, wallUnixMs: () => 0, sleep: (_ms, signal) => delay(1, undefined, { ...(signal === undefined ? {} : { signal }) }) },
    provedVersion: () => proved,
    forgetProved: async () => {
      did.push('forget proof');
      proved = null;
    },
    reach: async () => change.reach ?? true,
  });
  const context = stepContext({ folder: await packages.folder() });
  expect(await step.stage(spec, context)).toEqual({ ok: true });
  const captured = await step.capture(spec, context);
  if (!captured.ok) throw new Error(captured.outcome.message);
  const { prior } = captured;
  return { step, context, did, prior, system, versions };
}

async function outcome(result: Promise<StepResult>): Promise<string> {
  const settled = await result;
  return settled.ok ? 'ok' : settled.outcome.code;
}

test('a version that gets a session is proved; what lies beside it is the one before alone', async () => {
  const { step, context, did, prior, versions } = await bench({ '1.0': 'connects', '2.0': 'connects' });
  expect(await step.check(spec, context)).toEqual({ ok: true, state: 'needed' });
  expect(await outcome(step.apply(spec, prior, context))).toBe('ok');
  // Armed, and whatever was proved before forgotten, before dpkg changes anything.
  expect(did).toEqual(['arm', 'forget proof', 'install', 'flip 2.0', 'restart onto 2.0']);
  expect(await outcome(step.verify(spec, prior, context))).toBe('ok');
  expect(await versions.present()).toEqual(['1.0', '2.0']);
});

test('the package alone is not the upgrade: what the link leads to counts as well', async () => {
  await packages.installed({ name: 'farrier-agent', version: '2.0' });
  rmSync(join(home, 'current'));
  symlinkSync('2.0', join(home, 'current'));
  const { step, context, versions } = await bench({});
  expect(await step.check(spec, context)).toEqual({ ok: true, state: 'satisfied' });
  await versions.flip('1.0');
  expect(await step.check(spec, context)).toEqual({ ok: true, state: 'needed' });
});

describe('a version that does not prove itself', () => {
  test.each<[string, Behaviour, { readonly reach?: boolean; readonly proved?: string }, string]>([
    ['crashes again and again', 'crashes', {}, 'unit-crashed'],
    ['gets no session while the coordinator answers', 'mute', { reach: true }, 'agent-not-connected'],
    ['gets no session, nobody answers', 'mute', { reach: false }, 'coordinator-unreachable'],
    ['was proved once, long ago', 'mute', { proved: '2.0' }, 'agent-not-connected'],
  ])('%s: the version before comes back', async (_name, behaviour, change, code) => {
    const { step, context, prior, versions } = await bench({ '1.0': 'mute', '2.0': behaviour }, change);
    await step.apply(spec, prior, context);
    expect(await outcome(step.verify(spec, prior, context))).toBe(code);
    expect(await outcome(step.revert(spec, prior, context))).toBe('ok');
    expect(await versions.current()).toBe('1.0');
    expect(await versions.present()).toEqual(['0.9', '1.0', '2.0']);
    expect((await packages.system.status(['farrier-agent'], context))[0]?.version).toBe('1.0');
    // Once more: it may have been cut off anywhere.
    expect(await outcome(step.revert(spec, prior, context))).toBe('ok');
  });
});

test('what the upgrade brought goes again, what lay there before stays', async () => {
  rmSync(join(home, '2.0'), { recursive: true });
  const { step, context, prior, versions } = await bench({ '1.0': 'mute' });
  mkdirSync(join(home, '2.0'));
  writeFileSync(join(home, '2.0', 'node'), '', { mode: 0o755 });
  writeFileSync(join(home, '2.0', 'agent.mjs'), '');
  await step.apply(spec, prior, context);
  expect(await outcome(step.revert(spec, prior, context))).toBe('ok');
  expect(await versions.present()).toEqual(['0.9', '1.0']);
});

test('a host whose packages resist has its old agent all the same', async () => {
  const { step, context, prior, versions, did, system } = await bench({ '1.0': 'mute', '2.0': 'crashes' });
  await step.apply(spec, prior, context);
  system.putBack = async () => ({ ok: false, outcome: { code: 'revert-failed', message: 'dpkg says no', object: '' } });
  expect(await outcome(step.revert(spec, prior, context))).toBe('revert-failed');
  expect(await versions.current()).toBe('1.0');
  expect(did.at(-1)).toBe('restart onto 1.0');
});

test('an old version that does not stay up is no revert', async () => {
  const { step, context, prior } = await bench({ '1.0': 'crashes', '2.0': 'mute' });
  await step.apply(spec, prior, context);
  expect(await outcome(step.revert(spec, prior, context))).toBe('revert-failed');
});

test('nothing is begun on a host whose link does not lead to what is installed', async () => {
  const { step, context, versions } = await bench({});
  await versions.flip('0.9');
  const captured = (await step.capture(spec, context)) as { readonly ok: false; readonly outcome: { readonly code: string; readonly message: string } } | { readonly ok: true; readonly prior: AgentUpgradePrior };
  expect(captured).toMatchObject({ ok: false, outcome: { code: 'prior-unavailable', message: expect.stringMatching(/leads to 0\.9, the package is 1\.0/) as string } });
});

test('a version is whole or none; the one in use and the one that runs are never taken away', async () => {
  const versions = agentVersionsOnDisk(home, join(home, '2.0'));
  rmSync(join(home, '0.9', 'agent.mjs'));
  mkdirSync(join(home, '3.0.new'));
  expect(await versions.present()).toEqual(['1.0', '2.0']);
  await expect(versions.flip('0.9')).rejects.toThrow(/no complete version/);
  await versions.forget('1.0');
  await versions.forget('2.0');
  await versions.forget('../../etc');
  expect(await versions.present()).toEqual(['1.0', '2.0']);
  expect(await readFile(join(home, 'current', 'agent.mjs'), 'utf8')).toBe('');
  rmSync(join(home, 'current'));
  symlinkSync('0.9', join(home, 'current'));
  expect(await versions.current()).toBeNull();
});
