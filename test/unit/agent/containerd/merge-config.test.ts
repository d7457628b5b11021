import { describe, expect, test } from 'vitest';

import { mergeConfig, type Merged } from '../../../../agent/steps/containerd/merge-config.ts';
import type { DropIn } from '../../../../agent/steps/containerd/drop-ins.ts';
import type { Release } from '../../../../shared/domain/release.ts';
import type { ContainerdSettings } from '../../../../shared/domain/steps/containerd-spec.ts';
import { CONTAINERD_16, CONTAINERD_17, CONTAINERD_21, containerdRuntime, containerdSettings } from '../../../support/containerd-settings.ts';

const OLD_CRI = 'io.containerd.grpc.v1.cri';
const RUNTIMES = `[plugins."${OLD_CRI}".containerd.runtimes`;
const CONTAINERD_23 = { major: 2, minor: 3, patch: 1 };

const merge = (text: string | null, change: Partial<ContainerdSettings>, releases: readonly [Release, ...Release[]], dropIns: readonly DropIn[] = []): Merged =>
  mergeConfig({ text, dropIns, settings: containerdSettings(change), releases });
const textOf = (merged: Merged): string | null => (merged.ok ? merged.text : `${merged.code}: ${merged.message}`);
const codeOf = (merged: Merged): string => (merged.ok ? 'ok' : merged.code);
const CRUN = { runtimes: [containerdRuntime('crun')] };

describe('a host without a file', () => {
  test.each<[string, readonly [Release, ...Release[]], string]>([
    ['1.6', [CONTAINERD_16], `version = 2\n\n[plugins."${OLD_CRI}"]\nsandbox_image = "p:1"\n`],
    ['2.1', [CONTAINERD_21], 'version = 3\n\n[plugins."io.containerd.cri.v1.images".pinned_images]\nsandbox = "p:1"\n'],
    ['2.1 that may go back to 1.7', [CONTAINERD_21, CONTAINERD_17], `version = 2\n\n[plugins."${OLD_CRI}"]\nsandbox_image = "p:1"\n\n${RUNTIMES}.runc]\nruntime_type = "io.containerd.runc.v2"\n`],
    ['2.3, whose own version nothing of ours needs', [CONTAINERD_23], 'version = 3\n\n[plugins."io.containerd.cri.v1.images".pinned_images]\nsandbox = "p:1"\n'],
  ])('gets one that containerd %s reads', (_, releases, expected) => {
    expect(textOf(merge(null, { sandboxImage: 'p:1' }, releases))).toBe(expected);
  });

  test('gets none where nothing is to be set', () => {
    expect(merge(null, {}, [CONTAINERD_16])).toMatchObject({ ok: true, text: null, changes: [], wanted: [] });
  });
});

describe('runtimes', () => {
  test('1.x loses runc as soon as another one is named, so runc is named with it', () => {
    expect(textOf(merge('version = 2\n', CRUN, [CONTAINERD_17]))).toBe(
      `version = 2\n\n${RUNTIMES}.runc]\nruntime_type = "io.containerd.runc.v2"\n\n${RUNTIMES}.crun]\nruntime_type = "io.containerd.runc.v2"\n\n${RUNTIMES}.crun.options]\nBinaryName = "/usr/bin/crun"\n`,
    );
  });

  test('2.x keeps it by itself', () => {
    expect(textOf(merge('version = 2\n', CRUN, [CONTAINERD_21]))).not.toContain('runc]');
    expect(textOf(merge('version = 2\n', CRUN, [CONTAINERD_21, CONTAINERD_17]))).toContain('runc]');
  });

  test('a runc of which a file says only how it is run gets its type, without which 1.x has none', () => {
    const text = `version = 2\n${RUNTIMES}.runc.options]\nSystemdCgroup = true\n`;
    expect(textOf(merge(text, CRUN, [CONTAINERD_17]))).toContain(`${RUNTIMES}.runc]\nruntime_type = "io.containerd.runc.v2"\n`);
  });

  test('a new one has the cgroup driver of those there', () => {
    const merged = merge(`version = 2\n${RUNTIMES}.runc]\nruntime_type = "io.containerd.runc.v2"\n[${RUNTIMES.slice(1)}.runc.options]\nSystemdCgroup = true\n`, CRUN, [CONTAINERD_17]);
    expect(merged.ok && merged.changes).toContainEqual({ path: ['plugins', OLD_CRI, 'containerd', 'runtimes', 'crun', 'options', 'SystemdCgroup'], was: undefined, now: true });
  });

  test('one is taken out with all of it, others stay', () => {
    const added = textOf(merge('version = 2\n', CRUN, [CONTAINERD_17]));
    expect(textOf(merge(added, { removeRuntimes: ['crun'] }, [CONTAINERD_17]))).toBe(`version = 2\n\n${RUNTIMES}.runc]\nruntime_type = "io.containerd.runc.v2"\n`);
  });

  test('of another kind it gets no cgroup driver', () => {
    const kata = containerdRuntime('kata', { type: 'io.containerd.kata.v2', binary: null, options: [{ name: 'ConfigPath', value: '/etc/kata.toml' }] });
    expect(textOf(merge('version = 3\n', { runtimes: [kata], systemdCgroup: true }, [CONTAINERD_21]))).toMatch(/kata\]\nruntime_type = "io.containerd.kata.v2"\n\n.*kata.options\]\nConfigPath = "\/etc\/kata.toml"\n$/);
  });
});

test('that turns CRI off takes nothing for CRI, not even what would change no byte of it', () => {
  for (const asked of [{ systemdCgroup: false }, { sandboxImage: 'p:1' }]) expect(codeOf(merge('version = 2\ndisabled_plugins = ["cri"]\n', asked, [CONTAINERD_21]))).toBe('cri-off');
  expect(codeOf(merge('version = 2\ndisabled_plugins = ["cri"]\n', {}, [CONTAINERD_21]))).toBe('ok');
});

describe('a file of version 1', () => {
  const text = '# Docker\ndisabled_plugins = ["cri"]\n\n[plugins.cri]\nsandbox_image = "a" # old\n[plugins.linux]\nshim_debug = true\n';

  test('stays so for 1.x', () => {
    expect(textOf(merge(text, { enableCri: true, sandboxImage: 'b' }, [CONTAINERD_17]))).toBe(text.replace('["cri"]', '[]').replace('"a"', '"b"'));
  });

  test('is raised for 2.x, which forgets what it says of CRI', () => {
    expect(textOf(merge(text, { enableCri: true, sandboxImage: 'b' }, [CONTAINERD_21]))).toBe(
      `# Docker\ndisabled_plugins = []\nversion = 2\n\n[plugins."${OLD_CRI}"]\nsandbox_image = "b" # old\n\n${RUNTIMES}.runc]\nruntime_type = "io.containerd.runc.v2"\n[plugins."io.containerd.runtime.v1.linux"]\nshim_debug = true\n`,
    );
    expect(textOf(merge(text, {}, [CONTAINERD_17, CONTAINERD_21]))).toContain('version = 2');
  });

  test('with a plugin that nobody here knows is left to a person', () => {
    expect(codeOf(merge('[plugins.mine]\nx = 1\n', {}, [CONTAINERD_21]))).toBe('plugin-unknown');
    expect(codeOf(merge('disabled_plugins = ["mine"]\n', { sandboxImage: 'p:1' }, [CONTAINERD_21]))).toBe('plugin-unknown');
    expect(codeOf(merge('[plugins.mine]\nx = 1\n', { sandboxImage: 'p:1' }, [CONTAINERD_17]))).toBe('ok');
  });
});

describe('versions', () => {
  test('a file of version 2 stays so on 2.x, which moves it in memory and can go back', () => {
    expect(textOf(merge('version = 2\n', { snapshotter: 'native' }, [CONTAINERD_21]))).toContain(`version = 2\n\n[plugins."${OLD_CRI}".containerd]\nsnapshotter = "native"\n`);
  });

  test('2.x moves what version 2 says of images only where a runtime is named, so one is', () => {
    const runc = `\n${RUNTIMES}.runc]\nruntime_type = "io.containerd.runc.v2"\n`;
    expect(textOf(merge('version = 2\n', { snapshotter: 'native' }, [CONTAINERD_21]))).toContain(runc);
    expect(textOf(merge('version = 2\n', { snapshotter: 'native' }, [CONTAINERD_17]))).not.toContain('runc');
    // What the file says itself would be lost as well.
    const own = `version = 2\n[plugins."${OLD_CRI}"]\nsandbox_image = "p:1"\n`;
    expect(textOf(merge(own, {}, [CONTAINERD_17, CONTAINERD_21]))).toBe(own + runc);
    expect(textOf(merge(own, CRUN, [CONTAINERD_21]))).not.toContain('runc]');
    expect(textOf(merge('version = 2\n', {}, [CONTAINERD_21]))).toBe('version = 2\n');
    expect(textOf(merge('version = 3\n', { snapshotter: 'native' }, [CONTAINERD_21]))).not.toContain('runc');
  });

  test.each<[string, readonly [Release, ...Release[]], string]>([
    ['version = 3\n', [CONTAINERD_17], 'config-version-unread'],
    ['version = 3\n', [CONTAINERD_16], 'config-version-unread'],
    ['version = 3\n', [CONTAINERD_21, CONTAINERD_17], 'config-version-unread'],
    ['version = 4\n', [CONTAINERD_21], 'config-version-unread'],
    ['version = 4\n', [CONTAINERD_23], 'ok'],
    ['version = 5\n', [CONTAINERD_23], 'config-broken'],
    ['version = "2"\n', [CONTAINERD_23], 'config-broken'],
    ['version = 2\n', [{ major: 1, minor: 5, patch: 9 }], 'containerd-too-old'],
  ])('%j for %j: %s', (text, releases, expected) => {
    expect(codeOf(merge(text, { sandboxImage: 'p:1' }, releases))).toBe(expected);
  });

  test('the byte-order mark goes for 2.x, which reads no file that begins with it', () => {
    expect(textOf(merge('\uFEFFversion = 2\n', {}, [CONTAINERD_17]))).toBe('\uFEFFversion = 2\n');
    expect(textOf(merge('\uFEFFversion = 2\n', {}, [CONTAINERD_21]))).toBe('version = 2\n');
  });
});

describe('left to a person', () => {
  const registry = { configPath: '/etc/containerd/certs.d', hosts: [] };
  test.each<[string, string, Partial<ContainerdSettings>, string]>([
    ['a broken file', 'version = 2\nversion = 2\n', {}, 'config-broken'],
    ['long names without a version', `[plugins."${OLD_CRI}"]\nx = 1\n`, {}, 'config-unclear'],
    ['names of version 3 in version 2', 'version = 2\n[plugins."io.containerd.cri.v1.images"]\nsnapshotter = "native"\n', {}, 'config-unclear'],
    ['mirrors with a config_path', `version = 2\n[plugins."${OLD_CRI}".registry.mirrors."docker.io"]\nendpoint = ["https://m"]\n`, { registry }, 'mirrors-and-config-path'],
    ['tls with a config_path', `version = 2\n[plugins."${OLD_CRI}".registry.configs."m".tls]\ninsecure_skip_verify = true\n`, { registry }, 'mirrors-and-config-path'],
    ['a default runtime that is not there', 'version = 2\n', { defaultRuntime: 'crun' }, 'default-runtime-missing'],
    ['an empty table of runtimes, which takes the place of runc', `version = 2\n${RUNTIMES}]\n`, { snapshotter: 'native' }, 'default-runtime-missing'],
    ['a default runtime without a type', `version = 2\n${RUNTIMES}.runc]\npod_annotations = []\n`, { snapshotter: 'native' }, 'default-runtime-missing'],
    ['the default runtime taken out', `version = 2\n[plugins."${OLD_CRI}".containerd]\ndefault_runtime_name = "crun"\n${RUNTIMES}.crun]\nruntime_type = "x"\n`, { removeRuntimes: ['crun'] }, 'default-runtime-missing'],
    ['a default runtime below another setting of it', `version = 2\n[plugins."${OLD_CRI}".containerd.default_runtime]\nruntime_type = "io.containerd.runc.v2"\n`, { ...CRUN, defaultRuntime: 'crun' }, 'default-runtime-overridden'],
    ['two cgroup drivers', 'version = 2\n', { runtimes: [containerdRuntime('crun', { systemdCgroup: true })] }, 'cgroup-driver-mixed'],
    ['a value where a table is needed', 'version = 2\nplugins = 1\n', { sandboxImage: 'p:1' }, 'not-editable'],
  ])('%s', (_, text, change, expected) => {
    expect(codeOf(merge(text, change, [CONTAINERD_17]))).toBe(expected);
  });

  test('CDI before 1.7', () => {
    const cdi = { cdi: { enabled: true, specDirs: ['/etc/cdi'] } };
    expect(codeOf(merge('version = 2\n', cdi, [CONTAINERD_16]))).toBe('cdi-unsupported');
    expect(codeOf(merge('version = 2\n', cdi, [CONTAINERD_17, CONTAINERD_16]))).toBe('cdi-unsupported');
    expect(codeOf(merge('version = 2\n', cdi, [CONTAINERD_17]))).toBe('ok');
  });

  test('cgroup drivers that differed before are no matter of a plan about something else', () => {
    const text = `version = 2\n${RUNTIMES}.runc]\nruntime_type = "io.containerd.runc.v2"\n${RUNTIMES}.crun]\nruntime_type = "io.containerd.runc.v2"\n${RUNTIMES}.crun.options]\nSystemdCgroup = true\n`;
    expect(codeOf(merge(text, { sandboxImage: 'p:1' }, [CONTAINERD_17]))).toBe('ok');
    expect(codeOf(merge(text, { defaultRuntime: 'crun' }, [CONTAINERD_17]))).toBe('cgroup-driver-mixed');
    expect(codeOf(merge(text, { defaultRuntime: 'crun', systemdCgroup: true }, [CONTAINERD_17]))).toBe('ok');
  });
});

describe('drop-ins', () => {
  const text = 'version = 2\nimports = ["/etc/containerd/conf.d/*.toml"]\n';
  const dropIn = (content: string): readonly DropIn[] => [{ path: '/etc/containerd/conf.d/a.toml', text: content }];
  test.each<[string, string, Release, string]>([
    ['of another plugin', 'version = 2\n[plugins."io.containerd.internal.v1.opt"]\npath = "/opt"\n', CONTAINERD_17, 'ok'],
    ['of another version', 'version = 3\n', CONTAINERD_21, 'drop-in-version'],
    ['without a version', '[debug]\nlevel = "debug"\n', CONTAINERD_17, 'drop-in-version'],
    ['that is broken', 'version = \n', CONTAINERD_17, 'drop-in-broken'],
    ['of the same plugin, whose table it would replace', `version = 2\n[plugins."${OLD_CRI}"]\nenable_selinux = true\n`, CONTAINERD_17, 'drop-in-replaces'],
    ['of the same plugin, which 2.x merges', `version = 2\n[plugins."${OLD_CRI}"]\nenable_selinux = true\n`, CONTAINERD_21, 'ok'],
    ['that sets the same key to something else', `version = 2\n[plugins."${OLD_CRI}"]\nsandbox_image = "x"\n`, CONTAINERD_21, 'drop-in-overrides'],
    ['that sets the same key to the same', `version = 2\n[plugins."${OLD_CRI}"]\nsandbox_image = "p:1"\n`, CONTAINERD_21, 'ok'],
  ])('%s', (_, content, release, expected) => {
    expect(codeOf(merge(text, { sandboxImage: 'p:1' }, [release], dropIn(content)))).toBe(expected);
  });
});
