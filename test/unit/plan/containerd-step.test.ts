import { expect, test } from 'vitest';

import { formatDiagnostic } from '../../../shared/plan/format-diagnostic.ts';
import { parsePlan } from '../../../shared/plan/parse-plan.ts';

const plan = (...steps: readonly string[]): string => `apiVersion: farrier/v1\nkind: Plan\nmetadata: { name: c }\nspec:\n  steps:\n${steps.map((step) => `    - ${step}\n`).join('')}`;

test('crun as the default runtime, as a person writes it', () => {
  const parsed = parsePlan(plan('containerd: { runtimes: [{ name: crun, binary: /usr/bin/crun, podAnnotations: [run.oci.handler], options: { Root: /run/crun, NoNewKeyring: true } }], defaultRuntime: crun, registry: { hosts: [{ host: docker.io, mirrors: [{ url: "https://cache.site:5000" }] }] } }'), 'f');
  expect(parsed.ok && parsed.plan.steps).toEqual([
    {
      ...{ kind: 'containerd', name: 'containerd', timeoutMs: 180_000, action: 'configure', looks: 10, lookIntervalMs: 1000 },
      settings: {
        ...{ enableCri: false, defaultRuntime: 'crun', removeRuntimes: [], systemdCgroup: null, sandboxImage: null, snapshotter: null, cdi: null, alsoFor: null },
        runtimes: [{ name: 'crun', type: 'io.containerd.runc.v2', binary: '/usr/bin/crun', systemdCgroup: null, podAnnotations: ['run.oci.handler'], options: [{ name: 'NoNewKeyring', value: true }, { name: 'Root', value: '/run/crun' }] }],
        registry: { configPath: '/etc/containerd/certs.d', hosts: [{ host: 'docker.io', server: null, mirrors: [{ url: 'https://cache.site:5000', capabilities: ['pull', 'resolve'], ca: null, skipVerify: false, overridePath: false }] }] },
      },
    },
  ]);
});

test('behind packages it has a guard before them, and proves them', () => {
  const parsed = parsePlan(plan('packages: { install: { containerd: 2.1.9 }, sources: [local] }', 'containerd: { alsoFor: 1.7.24 }'), 'f');
  expect(parsed.ok && parsed.plan.steps.map(({ name, kind }) => `${name} ${kind}`)).toEqual(['guard-containerd.service containerd', 'packages packages', 'containerd containerd']);
  expect(parsed.ok && parsed.warnings).toEqual([]);
});

test('every mistake at once, with its place and its remedy', () => {
  const parsed = parsePlan(
    plan(
      'containerd: { sandboxImage: pause, snapshotter: "../x", runtimes: [{ name: Crun, type: runc, binary: crun, options: { "a b": 1, Root: [x] } }], registry: { configPath: certs.d, hosts: [{ host: a/b, mirrors: [{ url: ftp://x, capabilities: [delete] }] }] }, alsoFor: 1.7, cdi: {} }',
      'containerd: { runtimes: [{ name: crun, systemdCgroup: true, options: { BinaryName: /x } }, { name: crun }, { name: wasm, type: io.containerd.wasmtime.v1, binary: /usr/bin/x }], removeRuntimes: [crun], defaultRuntime: crun, systemdCgroup: false, registry: { hosts: [{ host: docker.io }] }, looks: 100, every: 2s }',
    ),
    'f',
  );
  expect(parsed.ok ? [] : parsed.diagnostics.map(formatDiagnostic)).toMatchInlineSnapshot(`
    [
      "f:6:35 spec.steps[0].containerd.sandboxImage: is "pause"; it has to be an image with its tag or digest, as registry.example/pause:3.10",
      "f:6:55 spec.steps[0].containerd.snapshotter: is "../x"; it has to be the name of a snapshotter, as overlayfs",
      "f:6:82 spec.steps[0].containerd.runtimes[0].name: is "Crun"; it has to be the name of a runtime, which a RuntimeClass has as its handler: lower-case letters, digits and "-", as crun",
      "f:6:94 spec.steps[0].containerd.runtimes[0].type: is "runc"; it has to be a type of runtime, as io.containerd.runc.v2 or io.containerd.wasmtime.v1",
      "f:6:108 spec.steps[0].containerd.runtimes[0].binary: is "crun"; it has to be an absolute path on the hosts, without "." and ".." in it",
      "f:6:125 spec.steps[0].containerd.runtimes[0].options["a b"]: "a b" is no name of an option",
      "f:6:141 spec.steps[0].containerd.runtimes[0].options.Root: is a list; it has to be text in one line, a whole number, or true or false",
      "f:6:175 spec.steps[0].containerd.registry.configPath: is "certs.d"; it has to be an absolute path on the hosts, without "." and ".." in it",
      "f:6:200 spec.steps[0].containerd.registry.hosts[0].host: is "a/b"; it has to be a registry as images name it, as docker.io or registry.example:5000, or _default",
      "f:6:222 spec.steps[0].containerd.registry.hosts[0].mirrors[0].url: is "ftp://x"; it has to be the URL of a registry, as https://registry.example:5000",
      "f:6:246 spec.steps[0].containerd.registry.hosts[0].mirrors[0].capabilities[0]: is "delete"; it has to be "pull" or "resolve" or "push"",
      "f:6:272 spec.steps[0].containerd.alsoFor: is read as the number 1.7; put the version in quotes",
      "f:6:277 spec.steps[0].containerd.cdi.enabled: is missing; it has to be true or false",
      "f:7:7 spec.steps[1].containerd.timeout: is no longer than the looks at the unit take together; raise timeout, or lower looks or every",
      "f:7:32 spec.steps[1].containerd.runtimes[0]: sets the option BinaryName, which has a key of its own: binary",
      "f:7:32 spec.steps[1].containerd.runtimes[0]: has another cgroup driver than all others; the kubelet has one for all of them: take systemdCgroup out of crun",
      "f:7:98 spec.steps[1].containerd.runtimes[1]: crun stands here twice",
      "f:7:114 spec.steps[1].containerd.runtimes[2]: is of type io.containerd.wasmtime.v1, which has no binary and no systemdCgroup; set what it has under options",
      "f:7:201 spec.steps[1].containerd.removeRuntimes[0]: crun stands among runtimes too; take it out of one of the two",
      "f:7:224 spec.steps[1].containerd.defaultRuntime: crun is removed by this very step; name another",
      "f:7:272 spec.steps[1].containerd.registry.hosts[0]: says nothing; give it mirrors or a server",
    ]
  `);
});

test.each([
  ['/srv/hosts', 'is not below /etc; the step writes hosts.toml files there, and a plan gets no other place for them'],
  ['/etcetera/certs.d', 'is not below /etc; the step writes hosts.toml files there, and a plan gets no other place for them'],
  ['/etc/farrier/certs.d', 'farrier is Farrier’s own; name another folder below /etc'],
])('hosts of registries are not written to %s', (folder, message) => {
  const parsed = parsePlan(plan(`containerd: { registry: { configPath: ${folder} } }`), 'f');
  expect(parsed.ok ? [] : parsed.diagnostics.map(formatDiagnostic)).toEqual([expect.stringMatching(/^f:6:\d+ spec\.steps\[0\]\.containerd\.registry\.configPath: /)]);
  expect(parsed.ok ? '' : parsed.diagnostics[0]?.message).toBe(message);
});
