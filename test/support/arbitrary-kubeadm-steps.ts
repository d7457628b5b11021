import fc from 'fast-check';

import type { KubeadmCertsSpec, KubeadmSpec, KubeletConfigSpec, KubeletField, KubeletSpec } from '../../shared/domain/steps/kubeadm-spec.ts';
import type { KubeletRuntimeSpec } from '../../shared/domain/steps/kubelet-runtime-spec.ts';
import { fieldsProblem } from '../../shared/domain/steps/kubelet-field.ts';

type Unnamed<Spec> = Omit<Spec, 'name' | 'timeoutMs'>;

const lower = 'abcdefghijklmnopqrstuvwxyz';
const word = fc.string({ unit: fc.constantFrom(...lower), minLength: 2, maxLength: 12 });
const version = fc.tuple(fc.integer({ min: 31, max: 60 }), fc.nat(40)).map(([minor, patch]) => `1.${minor}.${patch}`);
const looks = { looks: fc.integer({ min: 11, max: 100 }), lookIntervalMs: fc.integer({ min: 1000, max: 60_000 }) };
// Whole seconds, as plans write them.
const wait = fc.nat(500).map((s) => s * 1000);

const kubeadm: fc.Arbitrary<Unnamed<KubeadmSpec>> = fc.record({
  kind: fc.constant('kubeadm'),
  role: fc.constantFrom('first-control-plane', 'control-plane', 'worker'),
  version,
  etcdUpgrade: fc.boolean(),
  certificateRenewal: fc.boolean(),
  imagePullPolicy: fc.constantFrom('Always', 'IfNotPresent', 'Never'),
  patches: fc.oneof(fc.constant(''), word.map((name) => `/etc/kubernetes/${name}`)),
  ignorePreflightErrors: fc.array(fc.constantFrom('SystemVerification', 'Swap', 'FileExisting-crictl'), { maxLength: 3 }),
  timeouts: fc.record({ upgradeManifestsMs: wait, etcdApiCallMs: wait, kubernetesApiCallMs: wait, controlPlaneHealthCheckMs: wait, kubeletHealthCheckMs: wait }),
});

const kubelet: fc.Arbitrary<Unnamed<KubeletSpec>> = fc.record({ kind: fc.constant('kubelet'), version, action: fc.constantFrom('restart', 'guard'), ...looks });

const certs: fc.Arbitrary<Unnamed<KubeadmCertsSpec>> = fc.record({
  kind: fc.constant('kubeadm_certs'),
  renew: fc.uniqueArray(word, { maxLength: 5 }).map((names) => names.toSorted()),
  whenUnderDays: fc.integer({ min: 1, max: 3650 }),
});

const scalar = fc.oneof(fc.string({ maxLength: 20 }), fc.boolean(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)));
const field: fc.Arbitrary<KubeletField> = fc.record({
  path: fc.array(word, { minLength: 1, maxLength: 4 }).filter(([first]) => first !== 'kind'),
  value: fc.oneof(scalar, fc.array(scalar, { maxLength: 4 })),
});
const config: fc.Arbitrary<Unnamed<KubeletConfigSpec>> = fc.record({
  kind: fc.constant('kubelet_config'),
  set: fc.array(field, { minLength: 1, maxLength: 5 }).filter((fields) => fieldsProblem(fields) === ''),
  ...looks,
});

const runtime: fc.Arbitrary<Unnamed<KubeletRuntimeSpec>> = fc.record({
  kind: fc.constant('kubelet_runtime'),
  endpoint: fc.array(word, { minLength: 1, maxLength: 3 }).map((segments) => `unix:///${segments.join('/')}.sock`),
  runtime: word,
  action: fc.constantFrom('set', 'guard'),
});

/** Steps of kubeadm and the kubelet, as a plan could hold them. */
export const arbitraryKubeadmSteps = [kubeadm, kubelet, certs, config, runtime] as const;
