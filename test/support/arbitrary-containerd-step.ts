import fc from 'fast-check';

import { settingsProblems } from '../../shared/domain/steps/containerd-problem.ts';
import { type ContainerdRuntime, type ContainerdSettings, type ContainerdSpec, isRuncType, type RegistryHost } from '../../shared/domain/steps/containerd-spec.ts';

const lower = 'abcdefghijklmnopqrstuvwxyz';
const word = fc.string({ unit: fc.constantFrom(...lower), minLength: 2, maxLength: 12 });
const orNull = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null });
const path = word.map((name) => `/usr/bin/${name}`);
const url = fc.tuple(word, fc.constantFrom('', ':5000', '/v2/hub')).map(([name, end]) => `https://${name}.example${end}`);

const runtime: fc.Arbitrary<ContainerdRuntime> = fc
  .record({
    name: word,
    type: fc.constantFrom('io.containerd.runc.v2', 'io.containerd.wasmtime.v1'),
    binary: orNull(path),
    systemdCgroup: orNull(fc.boolean()),
    podAnnotations: fc.uniqueArray(fc.constantFrom('run.oci.handler', 'module.wasm.image/*', '*.wasm.*'), { maxLength: 3 }),
    options: fc.uniqueArray(fc.record({ name: fc.constantFrom('Root', 'ShimCgroup', 'IoUid', 'NoNewKeyring'), value: fc.oneof(word, fc.integer(), fc.boolean()) }), { maxLength: 4, selector: ({ name }) => name }),
  })
  .map((one) => ({ ...one, options: one.options.toSorted((a, b) => (a.name < b.name ? -1 : 1)), ...(isRuncType(one.type) ? {} : { binary: null, systemdCgroup: null }) }));

const host: fc.Arbitrary<RegistryHost> = fc.record({
  host: fc.oneof(fc.constantFrom('_default', 'docker.io', '[::1]:5000'), word.map((name) => `${name}.example:5000`)),
  server: orNull(url),
  mirrors: fc.uniqueArray(
    fc.record({ url, capabilities: fc.subarray<'pull' | 'resolve' | 'push'>(['pull', 'resolve', 'push'], { minLength: 1 }), ca: orNull(path), skipVerify: fc.boolean(), overridePath: fc.boolean() }),
    { minLength: 1, maxLength: 3, selector: (mirror) => mirror.url },
  ),
});

const settings: fc.Arbitrary<ContainerdSettings> = fc
  .record({
    enableCri: fc.boolean(),
    defaultRuntime: orNull(word),
    runtimes: fc.array(runtime, { maxLength: 3 }),
    removeRuntimes: fc.array(word, { maxLength: 2 }),
    systemdCgroup: orNull(fc.boolean()),
    sandboxImage: orNull(word.map((name) => `site.example:5000/${name}:3.10`)),
    snapshotter: orNull(fc.constantFrom('overlayfs', 'native')),
    registry: orNull(fc.record({ configPath: fc.constantFrom('/etc/containerd/certs.d', '/etc/own/hosts'), hosts: fc.array(host, { maxLength: 3 }) })),
    cdi: orNull(fc.record({ enabled: fc.boolean(), specDirs: fc.array(path, { maxLength: 2 }) })),
    alsoFor: orNull(fc.constantFrom('1.6.20', '1.7.24~ds1', '2.1.9')),
  })
  .filter((one) => settingsProblems(one).length === 0);

/** containerd's, as a plan could hold it. */
export const arbitraryContainerdStep: fc.Arbitrary<Omit<ContainerdSpec, 'name' | 'timeoutMs'>> = fc.record({
  kind: fc.constant('containerd'),
  action: fc.constantFrom('configure', 'guard'),
  settings,
  looks: fc.integer({ min: 1, max: 100 }),
  lookIntervalMs: fc.integer({ min: 100, max: 60_000 }),
});
