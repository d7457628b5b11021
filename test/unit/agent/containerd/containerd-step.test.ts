import { rmSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { containerdStep } from '../../../../agent/steps/containerd/containerd.ts';
import type { ContainerdSpec } from '../../../../shared/domain/steps/containerd-spec.ts';
import { containerdRuntime } from '../../../support/containerd-settings.ts';
import { applied, captured, containerdSpec, crunByDefault, oneMirror } from '../../../support/containerd-at-work.ts';
import { ContainerdLab } from '../../../support/containerd-lab.ts';
import { MemoryCri } from '../../../support/memory-cri.ts';

let lab: ContainerdLab;
beforeEach(() => { lab = new ContainerdLab(); });
afterEach(() => lab.end());

const step = () => containerdStep(lab);
const stateOf = (result: { readonly ok: boolean; readonly state?: string; readonly outcome?: { readonly code: string } }): string => (result.ok ? (result.state ?? 'ok') : (result.outcome?.code ?? ''));
const messageOf = (result: { readonly ok: boolean; readonly outcome?: { readonly message: string } }): string => result.outcome?.message ?? '';
const RESTARTED = ['restart containerd.service'];

describe('there', () => {
  test('the configuration is edited, containerd restarted once and proved by its CRI', async () => {
    const prior = await applied(lab, crunByDefault(lab));
    expect(lab.config).toContain('# ours\nversion = 2\n');
    expect(lab.running).toBe(lab.config);
    expect(lab.did).toEqual(RESTARTED);
    expect(await step().verify(crunByDefault(lab), prior, lab.context())).toEqual({ ok: true });
    expect(stateOf(await step().check(crunByDefault(lab), lab.context()))).toBe('satisfied');
    expect(await step().apply(crunByDefault(lab), prior, lab.context())).toEqual({ ok: true });
    expect(lab.did).toEqual(RESTARTED);
  });

  test('registries alone need no restart, for containerd reads them at every pull', async () => {
    lab.write('etc/containerd/config.toml', `version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\nconfig_path = "${lab.at('etc/containerd/certs.d')}"\n`);
    await lab.units.restart('containerd.service', lab.context().signal);
    lab.did.length = 0;
    const prior = await captured(lab, oneMirror(lab));
    lab.unit = { ...lab.unit!, startedMs: lab.clock.monotonicMs() + 60_000 };
    expect(await step().apply(oneMirror(lab), { ...prior, unit: lab.unit }, lab.context())).toEqual({ ok: true });
    expect(lab.read('etc/containerd/certs.d/docker.io/hosts.toml')).toBe('[host."https://cache.example"]\ncapabilities = ["pull"]\n');
    expect(lab.did).toEqual([]);
    expect(await step().revert(oneMirror(lab), { ...prior, unit: lab.unit }, lab.context())).toEqual({ ok: true });
    expect(lab.did).toEqual([]);
    expect(lab.files().join()).not.toContain('certs.d ');
  });

  test('a registry with a port is written where containerd looks first', async () => {
    const mirror = { url: 'https://cache.example', capabilities: ['pull'], ca: null, skipVerify: false, overridePath: false } as const;
    const spec = containerdSpec({ registry: { configPath: lab.at('etc/containerd/certs.d'), hosts: [{ host: 'registry.example:5000', server: null, mirrors: [mirror] }] } });
    lab.write('etc/containerd/certs.d/registry.example_5000_/hosts.toml', 'server = "https://theirs.example"\n');
    const before = lab.files();
    const prior = await applied(lab, spec);
    expect(lab.read('etc/containerd/certs.d/registry.example_5000_/hosts.toml')).toContain('cache.example');
    expect(lab.read('etc/containerd/certs.d/registry.example:5000/hosts.toml')).toBeNull();
    expect(await step().revert(spec, prior, lab.context())).toEqual({ ok: true });
    expect(lab.files()).toEqual(before);
  });

  test('a host without a configuration gets one, and is left without one', async () => {
    lab.end();
    lab = new ContainerdLab(null);
    const before = lab.files();
    const spec = crunByDefault(lab);
    const prior = await applied(lab, spec);
    expect(lab.config).toContain('version = 2\n');
    expect(await step().revert(spec, prior, lab.context())).toEqual({ ok: true });
    expect(lab.files()).toEqual(before);
  });

  test('a file that is right already, and that containerd has not read yet, is a reason to restart', async () => {
    await applied(lab, crunByDefault(lab));
    lab.unit = { ...lab.unit!, startedMs: -Date.now() };
    expect(stateOf(await step().check(crunByDefault(lab), lab.context()))).toBe('needed');
  });

  test('cut off between the file and the restart, it restarts when it is called again', async () => {
    const prior = await captured(lab, crunByDefault(lab));
    lab.restartSays = 'no';
    expect(stateOf(await step().apply(crunByDefault(lab), prior, lab.context()))).toBe('unit-crashed');
    expect(lab.running).not.toBe(lab.config);
    lab.restartSays = '';
    lab.unit = { ...lab.unit!, startedMs: lab.clock.monotonicMs() + 60_000 };
    expect(stateOf(await step().check(crunByDefault(lab), lab.context()))).toBe('needed');
    expect(await step().apply(crunByDefault(lab), prior, lab.context())).toMatchObject({ ok: true });
    expect(lab.running).toBe(lab.config);
  });
});

describe('refused, with nothing changed', () => {
  test.each<[string, string, string, () => void]>([
    ['no containerd', 'unit-not-found', '', () => { lab.isInstalled = false; lab.unit = null; }],
    ['a unit whose restart ends containers', 'not-allowed', 'KillMode=control-group', () => { lab.killMode = 'control-group'; }],
    ['a Docker that is bound to it', 'not-allowed', 'docker.service has BindsTo=containerd.service: a restart of containerd.service would restart it', () => { lab.docker = { activeState: 'active', bindsTo: 'containerd.service' }; }],
    ['a Docker that requires it', 'not-allowed', 'docker.service has Requires=containerd.service', () => { lab.docker = { activeState: 'active', requires: 'system.slice docker.socket containerd.service sysinit.target' }; }],
    ['a version that it does not tell', 'wrong-version', '', () => { lab.version = 'unknown'; }],
    ['a broken file', 'config-unreadable', 'config-broken: ', () => lab.write('etc/containerd/config.toml', 'version = \n')],
    ['a file of another version', 'config-refused', 'config-version-unread: ', () => lab.write('etc/containerd/config.toml', 'version = 3\n')],
    ['a crun that this containerd cannot use', 'config-refused', 'crun-too-old: ', () => { lab.crun = '1.8.1'; }],
    ['no crun', 'config-refused', 'runtime-missing: ', () => rmSync(lab.at('usr/bin/crun'))],
    ['no shim', 'config-refused', 'runtime-missing: ', () => rmSync(lab.at('usr/bin/containerd-shim-runc-v2'))],
    ['an import of another version', 'config-refused', 'drop-in-version: ', () => { lab.write('etc/containerd/config.toml', 'version = 2\nimports = ["conf.d/*.toml"]\n'); lab.write('etc/containerd/conf.d/a.toml', 'version = 1\n'); }],
    ['a draft that containerd does not read', 'config-refused', 'draft-unread: ', () => { lab.dumpFails = 'failed to load TOML'; }],
    ['a draft of which containerd makes something else', 'config-refused', 'draft-without-effect: ', () => { lab.dump = 'version = 2\n'; }],
  ])('%s: %s', async (_, code, message, change) => {
    change();
    const before = lab.files();
    const result = await step().stage(crunByDefault(lab), lab.context());
    expect(stateOf(result)).toBe(code);
    expect(messageOf(result)).toContain(message);
    // Behind a packages step only its own turn can say.
    expect(await step().stage(crunByDefault(lab), lab.context({ earlier: [{ folder: '', spec: { kind: 'packages', name: 'p', timeoutMs: 1, install: [], sources: [], conffiles: 'keep' } }] }))).toEqual({ ok: true });
    if (!message.startsWith('draft')) expect(stateOf(await step().check(crunByDefault(lab), lab.context()))).toBe(code);
    else expect(stateOf(await step().apply(crunByDefault(lab), await captured(lab, crunByDefault(lab)), lab.context()))).toBe(code);
    expect(lab.files()).toEqual(before);
    expect(lab.did).toEqual([]);
  });

  test('an old crun is no matter with a containerd that does not ask for more', async () => {
    lab.crun = '1.8.1';
    lab.version = '1.7.23';
    expect(await step().stage(crunByDefault(lab), lab.context())).toEqual({ ok: true });
    expect(messageOf(await step().stage({ ...crunByDefault(lab), settings: { ...crunByDefault(lab).settings, alsoFor: '1.7.24' } }, lab.context()))).toContain('crun-too-old');
  });
});

test.each<[string, Partial<ContainerdLab['docker']>]>([
  ['only wants it, as Debian’s', { activeState: 'active', requires: 'system.slice docker.socket sysinit.target' }],
  ['requires it and does not run', { activeState: 'inactive', requires: 'containerd.service' }],
])('a Docker that %s is no matter', async (_, docker) => {
  lab.docker = { ...lab.docker, ...docker };
  expect(await step().stage(crunByDefault(lab), lab.context())).toEqual({ ok: true });
  expect(stateOf(await step().check(containerdSpec({}, 'guard'), lab.context()))).toBe('satisfied');
});

test('a Docker that goes down with containerd is no matter where nothing is restarted', async () => {
  await applied(lab, crunByDefault(lab));
  lab.docker = { activeState: 'active', requires: 'containerd.service' };
  expect(await step().stage(crunByDefault(lab), lab.context())).toEqual({ ok: true });
  expect(stateOf(await step().check(crunByDefault(lab), lab.context()))).toBe('satisfied');
});

test('a guard refuses what a restart would end, before packages restart it', async () => {
  lab.docker = { activeState: 'active', requires: 'containerd.service' };
  expect(stateOf(await step().stage(containerdSpec({}, 'guard'), lab.context()))).toBe('not-allowed');
  expect(stateOf(await step().check(containerdSpec({}, 'guard'), lab.context()))).toBe('not-allowed');
});

test('a crun that is there already is looked at too, where a newer containerd would come', async () => {
  await applied(lab, crunByDefault(lab));
  lab.crun = '1.8.1';
  lab.version = '1.7.23';
  expect(await step().stage(containerdSpec({ snapshotter: 'native' }), lab.context())).toEqual({ ok: true });
  expect(messageOf(await step().stage(containerdSpec({ alsoFor: '1.7.24' }), lab.context()))).toContain('crun-too-old: ');
});

test('a crun without a path is the one that containerd finds', async () => {
  lab.crun = '1.8.1';
  lab.write('etc/containerd/config.toml', 'version = 2\n[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]\nruntime_type = "io.containerd.runc.v2"\noptions.BinaryName = "crun"\n');
  expect(messageOf(await step().stage(containerdSpec({ snapshotter: 'native' }), lab.context()))).toContain(`crun-too-old: ${lab.at('usr/bin/crun')} is crun 1.8.1`);
});

describe('what containerd 2 merges from what the file imports', () => {
  const RUNTIMES = 'plugins."io.containerd.cri.v1.runtime".containerd.runtimes';
  const crun = () => containerdSpec({ runtimes: [containerdRuntime('crun', { binary: lab.at('usr/bin/crun') })] });
  test.each<[string, string, string, () => ContainerdSpec]>([
    ['mirrors beside the plan’s config_path', 'mirrors-and-config-path: ', 'version = 3\n[plugins."io.containerd.cri.v1.images".registry.mirrors."docker.io"]\nendpoint = ["https://cache.example"]\n', () => oneMirror(lab)],
    ['a runtime with another cgroup driver', 'cgroup-driver-mixed: ', `version = 3\n[${RUNTIMES}.nvidia]\nruntime_type = "io.containerd.runc.v2"\noptions.SystemdCgroup = true\n`, crun],
    ['CRI turned off', 'cri-off: ', 'version = 3\ndisabled_plugins = ["io.containerd.cri.v1.runtime"]\n', crun],
  ])('%s is refused before anything is restarted', async (_, message, dropIn, spec) => {
    lab.version = '2.1.9';
    lab.write('etc/containerd/config.toml', `version = 3\nimports = ["${lab.at('etc/containerd/conf.d')}/*.toml"]\n`);
    lab.write('etc/containerd/conf.d/a.toml', dropIn);
    // What containerd prints is both together.
    lab.dumpOf = (draft) => `${draft.replace(/^imports.*$/m, '')}\n[${RUNTIMES}.runc]\nruntime_type = "io.containerd.runc.v2"\n[plugins."io.containerd.cri.v1.runtime".containerd]\ndefault_runtime_name = "runc"\n`.replace('version = 3\n', dropIn);
    expect(messageOf(await step().stage(spec(), lab.context()))).toContain(message);
    expect(lab.did).toEqual([]);
  });

  test('a crun of theirs that is too old', async () => {
    lab.version = '2.1.9';
    lab.crun = '1.8.1';
    lab.write('etc/containerd/config.toml', 'version = 3\nimports = ["conf.d/*.toml"]\n');
    lab.write('etc/containerd/conf.d/a.toml', `version = 3\n[${RUNTIMES}.runc.options]\nBinaryName = "${lab.at('usr/bin/crun')}"\n`);
    expect(messageOf(await step().stage(containerdSpec({ snapshotter: 'native' }), lab.context()))).toContain('crun-too-old: ');
  });
});

test('a runtime that pods run with is not taken out', async () => {
  await applied(lab, crunByDefault(lab));
  const without = containerdSpec({ removeRuntimes: ['crun'], defaultRuntime: 'runc' });
  lab.cri.pods.push({ name: 'p', uid: '1', label: { key: 'a', value: 'b' }, handler: 'crun', image: '', annotations: {}, logFolder: '' });
  const result = await step().check(without, lab.context());
  expect(messageOf(result)).toContain('runtime-in-use: pods of this host run with crun,');
  lab.cri.pods.length = 0;
  expect(stateOf(await step().check(without, lab.context()))).toBe('needed');
});

test('a CRI that comes up again, as after packages, is waited for before it is taken for one that does not answer', async () => {
  await applied(lab, crunByDefault(lab));
  lab.cri.pods.push({ name: 'p', uid: '1', label: { key: 'a', value: 'b' }, handler: 'crun', image: '', annotations: {}, logFolder: '' });
  const without = containerdSpec({ removeRuntimes: ['crun'], defaultRuntime: 'runc' });
  const comesUpIn = (ms: number): void => {
    const upMs = lab.clock.monotonicMs() + ms;
    lab.cri.look = (signal) => {
      lab.cri.silent = lab.clock.monotonicMs() < upMs ? 'server is not initialized yet' : '';
      return MemoryCri.prototype.look.call(lab.cri, signal);
    };
  };
  comesUpIn(2_000);
  expect(messageOf(await step().check(without, lab.context()))).toContain('runtime-in-use: ');
  comesUpIn(2_000);
  expect((await captured(lab, without)).endpoint).not.toBeNull();
  comesUpIn(Infinity);
  expect((await captured(lab, without)).endpoint).toBeNull();
});

describe('verify', () => {
  test.each<[string, string, () => void]>([
    ['containerd on the new file', 'ok', () => undefined],
    ['a file that somebody changed since', 'verify-failed', () => lab.write('etc/containerd/config.toml', 'version = 2\n')],
    ['a CRI that does not answer', 'verify-failed', () => { lab.cri.silent = 'nobody listens'; }],
    ['a CRI that is not ready', 'verify-failed', () => { lab.cri.runtime = { ...lab.cri.runtime, ready: false }; }],
    ['a CRI without the runtime', 'verify-failed', () => { lab.cri.runtime = { ...lab.cri.runtime, handlers: ['runc'] }; }],
    ['a CRI with another default', 'verify-failed', () => { lab.cri.runtime = { ...lab.cri.runtime, defaultHandler: 'runc' }; }],
    ['a CRI of another containerd', 'verify-failed', () => { lab.cri.runtime = { ...lab.cri.runtime, version: '1.6.20' }; }],
    ['containerd that crashes on it', 'unit-crashed', () => { lab.unit = { ...lab.unit!, activeState: 'failed' }; }],
  ])('%s: %s', async (_, expected, change) => {
    const prior = await applied(lab, crunByDefault(lab));
    change();
    expect(stateOf(await step().verify(crunByDefault(lab), prior, lab.context()))).toBe(expected);
  });

  test.each([['systemd', 'ok'], [null, 'ok'], ['cgroupfs', 'verify-failed']] as const)('the cgroup driver that CRI tells, %s: %s', async (cgroupDriver, expected) => {
    const spec = containerdSpec({ systemdCgroup: true });
    const prior = await applied(lab, spec);
    lab.cri.runtime = { ...lab.cri.runtime, cgroupDriver };
    expect(stateOf(await step().verify(spec, prior, lab.context()))).toBe(expected);
  });

  test('nobody asks a CRI that the configuration turns off', async () => {
    lab.write('etc/containerd/config.toml', 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n');
    lab.cri.silent = 'nobody listens';
    const spec = containerdSpec({});
    expect(await step().verify(spec, await applied(lab, spec), lab.context())).toEqual({ ok: true });
    const on = containerdSpec({ snapshotter: 'native', enableCri: true });
    expect(stateOf(await step().verify(on, await applied(lab, on), lab.context()))).toBe('verify-failed');
  });
});
