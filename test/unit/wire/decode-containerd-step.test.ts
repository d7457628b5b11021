import { describe, expect, test } from 'vitest';

import type { ContainerdSettings, ContainerdSpec } from '../../../shared/domain/steps/containerd-spec.ts';
import { encode, farrier } from '../../../shared/wire/protocol.ts';
import { decodeSequence, encodeSequence } from '../../../shared/wire/sequence-codec.ts';
import { containerdRuntime, containerdSettings } from '../../support/containerd-settings.ts';

const crun = containerdRuntime('crun');
const mirror = { url: 'https://cache.site:5000', capabilities: ['pull'], ca: null, skipVerify: false, overridePath: false } as const;
const registry = { configPath: '/etc/containerd/certs.d', hosts: [{ host: 'docker.io', server: null, mirrors: [mirror] }] };
const specOf = (change: Partial<ContainerdSettings>): ContainerdSpec => ({ kind: 'containerd', name: 's', timeoutMs: 60_000, action: 'configure', settings: containerdSettings(change), looks: 3, lookIntervalMs: 1000 });

function refusedField(bytes: Uint8Array): string {
  const decoded = decodeSequence(bytes);
  return decoded.ok ? 'none' : decoded.error.field.replace('steps[0].', '');
}

// What no plan could hold: whoever signed it, it becomes no key of a configuration, no path and no argument.
describe('refused', () => {
  test.each<[string, string, Partial<ContainerdSettings>]>([
    ['a runtime that closes its table', 'runtimes[0].name', { runtimes: [{ ...crun, name: 'a]\nx' }] }],
    ['a runtime in capitals', 'runtimes[0].name', { runtimes: [{ ...crun, name: 'Crun' }] }],
    ['a type that is a path', 'runtimes[0].type', { runtimes: [{ ...crun, type: '/usr/bin/x' }] }],
    ['a program without a path', 'runtimes[0].binary', { runtimes: [{ ...crun, binary: 'crun' }] }],
    ['a program that goes up', 'runtimes[0].binary', { runtimes: [{ ...crun, binary: '/usr/../x' }] }],
    ['an annotation over lines', 'runtimes[0].podAnnotations[0]', { runtimes: [{ ...crun, podAnnotations: ['a\nb'] }] }],
    ['an option with a dot', 'runtimes[0].options[0].name', { runtimes: [{ ...crun, options: [{ name: 'a.b', value: 1 }] }] }],
    ['an option over lines', 'runtimes[0].options[0].valueJson', { runtimes: [{ ...crun, options: [{ name: 'Root', value: 'a\nb' }] }] }],
    ['an option that has a field of its own', 'runtimes.0', { runtimes: [{ ...crun, options: [{ name: 'BinaryName', value: '/x' }] }] }],
    ['a runtime twice', 'runtimes.1', { runtimes: [crun, crun] }],
    ['one added and removed', 'removeRuntimes.0', { runtimes: [crun], removeRuntimes: ['crun'] }],
    ['a default that is removed', 'defaultRuntime', { defaultRuntime: 'crun', removeRuntimes: ['crun'] }],
    ['an image without a tag', 'sandboxImage', { sandboxImage: 'registry.example/pause' }],
    ['a snapshotter that is a path', 'snapshotter', { snapshotter: '../native' }],
    ['a folder of hosts that is relative', 'registry.configPath', { registry: { ...registry, configPath: 'certs.d' } }],
    ['a folder of hosts outside of /etc', 'registry.configPath', { registry: { ...registry, configPath: '/root' } }],
    ['a folder of hosts of Farrier’s', 'registry.configPath', { registry: { ...registry, configPath: '/etc/farrier/hooks.d' } }],
    ['a host that goes up', 'registry.hosts[0].host', { registry: { ...registry, hosts: [{ host: '..', server: null, mirrors: [mirror] }] } }],
    ['a host with a folder', 'registry.hosts[0].host', { registry: { ...registry, hosts: [{ host: 'a/b', server: null, mirrors: [mirror] }] } }],
    ['a mirror that is no URL', 'registry.hosts[0].mirrors[0].url', { registry: { ...registry, hosts: [{ host: 'a', server: null, mirrors: [{ ...mirror, url: 'file:///etc' }] }] } }],
    ['a mirror for nothing', 'registry.hosts[0].mirrors[0].capabilities', { registry: { ...registry, hosts: [{ host: 'a', server: null, mirrors: [{ ...mirror, capabilities: [] }] }] } }],
    ['a host that says nothing', 'registry.hosts.0', { registry: { ...registry, hosts: [{ host: 'a', server: null, mirrors: [] }] } }],
    ['folders of CDI that go up', 'cdi.specDirs[0]', { cdi: { enabled: true, specDirs: ['/etc/..'] } }],
    ['a version that is none', 'alsoFor', { alsoFor: 'newest' }],
  ])('%s: %s', (_, field, change) => {
    expect(refusedField(encodeSequence([specOf(change)]))).toBe(field);
  });

  test('an action that nobody knows', () => {
    expect(refusedField(encode(farrier.Sequence, { steps: [{ name: 's', timeoutMs: 1, containerd: { looks: 1, lookIntervalMs: 1 } }] }))).toBe('action');
  });
});

test('what these are about is taken where it is right', () => {
  const spec = specOf({ runtimes: [{ ...crun, options: [{ name: 'Root', value: '/run/crun' }] }], registry, cdi: { enabled: true, specDirs: ['/etc/cdi'] }, sandboxImage: 'registry.example/pause:3.10', alsoFor: '1.7.24~ds1' });
  expect(decodeSequence(encodeSequence([spec]))).toMatchObject({ ok: true, value: [spec] });
});
