import fc from 'fast-check';

import type { AgentUpgradeSpec, PackagesSpec, RebootSpec, ServiceSpec, StepSpec } from '../../shared/domain/step-spec.ts';
import { arbitraryContainerdStep } from './arbitrary-containerd-step.ts';
import { arbitraryHostSteps } from './arbitrary-host-steps.ts';
import { arbitraryRuntimeSteps } from './arbitrary-runtime-steps.ts';
import { arbitraryKubeadmSteps } from './arbitrary-kubeadm-steps.ts';
import type { EtcdDefragmentSpec, EtcdDisarmSpec, EtcdUpgradeSpec } from '../../shared/domain/steps/etcd-spec.ts';
import type { K3sRuntimesSpec } from '../../shared/domain/steps/k3s-runtimes-spec.ts';
import type { K3sSpec } from '../../shared/domain/steps/k3s-spec.ts';

const lower = 'abcdefghijklmnopqrstuvwxyz0123456789';
const word = fc.string({ unit: fc.constantFrom(...lower), minLength: 2, maxLength: 12 });
const version = fc
  .tuple(fc.option(fc.nat(9), { nil: null }), fc.nat(99), fc.string({ unit: fc.constantFrom(...`${lower}.+~-`), maxLength: 12 }))
  .map(([epoch, first, rest]) => `${epoch === null ? '' : `${epoch}:`}${first}${rest}`);

const packages: fc.Arbitrary<Omit<PackagesSpec, 'name' | 'timeoutMs'>> = fc.record({
  kind: fc.constant('packages'),
  install: fc.uniqueArray(fc.record({ name: word, version }), { minLength: 1, maxLength: 5, selector: ({ name }) => name }),
  sources: fc.array(word, { maxLength: 3 }),
  conffiles: fc.constantFrom('keep', 'replace'),
});

const removal: fc.Arbitrary<Omit<PackagesSpec, 'name' | 'timeoutMs'>> = fc.record({
  kind: fc.constant('packages'),
  install: fc.constant([]),
  sources: fc.constant([]),
  conffiles: fc.constant('keep'),
  remove: fc.uniqueArray(word, { minLength: 1, maxLength: 3 }).map((names) => names.toSorted()),
});

const service: fc.Arbitrary<Omit<ServiceSpec, 'name' | 'timeoutMs'>> = fc.record({
  kind: fc.constant('service'),
  unit: word.map((name) => `${name}.service`),
  action: fc.constantFrom('restart', 'guard', 'disable'),
  looks: fc.integer({ min: 1, max: 100 }),
  lookIntervalMs: fc.integer({ min: 1, max: 60_000 }),
});

const reboot: fc.Arbitrary<Omit<RebootSpec, 'name' | 'timeoutMs'>> = fc.record({
  kind: fc.constant('reboot'),
  action: fc.constantFrom('reboot', 'guard'),
  onlyIf: fc.constantFrom('always', 'required'),
  units: fc.array(word.map((name) => `${name}.service`), { maxLength: 3 }),
});

const artifact = fc.record({ sha256: fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 64, maxLength: 64 }), size: fc.integer({ min: 1, max: 2 ** 33 }) });

const k3s: fc.Arbitrary<Omit<K3sSpec, 'name' | 'timeoutMs'>> = fc.record({
  kind: fc.constant('k3s'),
  role: fc.constantFrom('server', 'agent'),
  version: fc.tuple(fc.nat(99), fc.nat(99), fc.constantFrom('', '-rc1', '-rc.2'), fc.nat(9)).map(([minor, patch, pre, own]) => `v1.${minor}.${patch}${pre}+k3s${own}`),
  binary: artifact,
  images: fc.option(fc.tuple(artifact, word, fc.constantFrom('tar', 'tar.zst', 'tgz')).map(([ref, name, end]) => ({ ...ref, name: `${name}.${end}` })), { nil: null }),
  crossesMinor: fc.boolean(),
});

const etcdUpgrade: fc.Arbitrary<Omit<EtcdUpgradeSpec, 'name' | 'timeoutMs'>> = fc.record({
  kind: fc.constant('etcd_upgrade'),
  unit: word.map((name) => `${name}.service`),
  version: fc.tuple(fc.nat(9), fc.nat(99), fc.constantFrom('', '-rc.0')).map(([minor, patch, pre]) => `3.${minor}.${patch}${pre}`),
  binary: artifact,
  crossesMinor: fc.boolean(),
});

const percent = fc.integer({ min: 0, max: 100 });
const etcdDefragment: fc.Arbitrary<Omit<EtcdDefragmentSpec, 'name' | 'timeoutMs'>> = fc.record({ kind: fc.constant('etcd_defragment'), fromFragmentedPercent: percent, fromQuotaPercent: percent });
const etcdDisarm: fc.Arbitrary<Omit<EtcdDisarmSpec, 'name' | 'timeoutMs'>> = fc.record({ kind: fc.constant('etcd_disarm'), keepRevisions: fc.integer({ min: 0, max: 10_000_000 }) });

const k3sRuntimes: fc.Arbitrary<Omit<K3sRuntimesSpec, 'name' | 'timeoutMs'>> = fc.record({
  kind: fc.constant('k3s_runtimes'),
  role: fc.constantFrom('server', 'agent'),
  runtimes: sorted('name', fc.record({ name: word, type: word.map((name) => `io.containerd.${name}.v2`), binary: fc.option(word.map((name) => `/usr/bin/${name}`), { nil: null }), podAnnotations: fc.array(word.map((name) => `*.${name}/*`), { maxLength: 3 }) })),
  mirrors: sorted('host', fc.record({ host: fc.oneof(fc.constant('*'), word.map((name) => `${name}.example:5000`)), endpoints: fc.array(word.map((name) => `https://${name}.example/v2`), { minLength: 1, maxLength: 3 }) })),
});

const agentUpgrade: fc.Arbitrary<Omit<AgentUpgradeSpec, 'name' | 'timeoutMs'>> = fc.record({
  kind: fc.constant('agent_upgrade'),
  version,
  sources: fc.array(word, { minLength: 1, maxLength: 3 }),
  connectWithinMs: fc.integer({ min: 10_000, max: 3_600_000 }),
});

/** Sequences that a plan could hold. */
export const arbitrarySteps: fc.Arbitrary<readonly StepSpec[]> = fc
  .uniqueArray(fc.tuple(word, fc.integer({ min: 1, max: 3_600_000 }), fc.oneof({ weight: 5, arbitrary: packages }, removal, { weight: 5, arbitrary: service }, reboot, k3s, k3sRuntimes, etcdUpgrade, etcdDefragment, etcdDisarm, ...arbitraryHostSteps, ...arbitraryKubeadmSteps, ...arbitraryRuntimeSteps, agentUpgrade, arbitraryContainerdStep)), { minLength: 1, maxLength: 6, selector: ([name]) => name })
  .map((steps) => steps.map(([name, timeoutMs, step]) => ({ ...step, name, timeoutMs })));

function sorted<Item extends object>(key: keyof Item, item: fc.Arbitrary<Item>): fc.Arbitrary<readonly Item[]> {
  return fc.uniqueArray(item, { maxLength: 3, selector: (one) => one[key] }).map((items) => items.toSorted((a, b) => (a[key] < b[key] ? -1 : 1)));
}
