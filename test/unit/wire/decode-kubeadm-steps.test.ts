import { describe, expect, test } from 'vitest';

import type { StepSpec } from '../../../shared/domain/step-spec.ts';
import type { KubeadmCertsSpec, KubeadmSpec, KubeletConfigSpec, KubeletSpec } from '../../../shared/domain/steps/kubeadm-spec.ts';
import type { KubeletRuntimeSpec } from '../../../shared/domain/steps/kubelet-runtime-spec.ts';
import { digestOf } from '../../../shared/wire/digest-of.ts';
import { encode, farrier } from '../../../shared/wire/protocol.ts';
import { decodeSequence, encodeSequence } from '../../../shared/wire/sequence-codec.ts';

const base = { name: 's', timeoutMs: 60_000 };
const kubeadm: KubeadmSpec = {
  kind: 'kubeadm', ...base, role: 'worker', version: '1.34.2', etcdUpgrade: true, certificateRenewal: true, imagePullPolicy: 'Never', patches: '/etc/kubernetes/patches', ignorePreflightErrors: ['SystemVerification'],
  timeouts: { upgradeManifestsMs: 300_000, etcdApiCallMs: 0, kubernetesApiCallMs: 0, controlPlaneHealthCheckMs: 0, kubeletHealthCheckMs: 0 },
};
const kubelet: KubeletSpec = { kind: 'kubelet', ...base, version: '1.34.2', action: 'restart', looks: 6, lookIntervalMs: 2000 };
const certs: KubeadmCertsSpec = { kind: 'kubeadm_certs', ...base, renew: ['apiserver'], whenUnderDays: 90 };
const config: KubeletConfigSpec = { kind: 'kubelet_config', ...base, set: [{ path: ['maxPods'], value: 150 }], looks: 6, lookIntervalMs: 2000 };
const runtime: KubeletRuntimeSpec = { kind: 'kubelet_runtime', ...base, endpoint: 'unix:///run/containerd/containerd.sock', runtime: 'containerd', action: 'set' };

function setting(...paths: readonly (readonly string[])[]): KubeletConfigSpec {
  return { ...config, set: paths.map((path) => ({ path, value: 1 })) };
}

function refusedField(bytes: Uint8Array): string {
  const decoded = decodeSequence(bytes);
  return decoded.ok ? 'none' : `${decoded.error.code} ${decoded.error.field.replace('steps[0].', '')}`;
}

describe('what no plan could hold is refused', () => {
  test.each<[string, StepSpec, string]>([
    ['another version than an exact one', { ...kubeadm, version: '1.34' }, 'version'],
    ['a version with its v', { ...kubeadm, version: 'v1.34.2' }, 'version'],
    ['a version that reads no UpgradeConfiguration', { ...kubeadm, version: '1.30.9' }, 'version'],
    ['patches that go up', { ...kubeadm, patches: '/etc/../tmp' }, 'patches'],
    ['patches of nobody knows where', { ...kubeadm, patches: 'patches' }, 'patches'],
    ['a check that is none', { ...kubeadm, ignorePreflightErrors: ['Swap', '--all'] }, 'ignorePreflightErrors[1]'],
    ['all checks, whatever they are', { ...kubeadm, ignorePreflightErrors: ['ALL'] }, 'ignorePreflightErrors[0]'],
    ['more checks than there are', { ...kubeadm, ignorePreflightErrors: Array.from({ length: 33 }, () => 'Swap') }, 'ignorePreflightErrors'],
    ['a wait without end', { ...kubeadm, timeouts: { ...kubeadm.timeouts, etcdApiCallMs: 3_600_001 } }, 'etcdApiCallMs'],
    ['a kubelet with Docker built in', { ...kubelet, version: '1.23.17' }, 'version'],
    ['a kubelet of an option', { ...kubelet, version: '--help' }, 'version'],
    ['looks that end before a crash', { ...kubelet, looks: 5 }, 'looks'],
    ['no look at all', { ...kubelet, looks: 0 }, 'looks'],
    ['a certificate that is an option', { ...certs, renew: ['--all'] }, 'renew[0]'],
    ['a certificate twice', { ...certs, renew: ['apiserver', 'apiserver'] }, 'renew'],
    ['no days at all', { ...certs, whenUnderDays: 0 }, 'whenUnderDays'],
    ['no field', setting(), 'set'],
    ['a field twice', setting(['a'], ['a']), 'set'],
    ['a field as a whole and in part', setting(['a', 'b'], ['a']), 'set'],
    ['a field without a name', setting([]), 'set[0].path'],
    ['a field with an odd name', setting(['a', '__proto__']), 'set[0].path'],
    ['the kind of the file', setting(['kind']), 'set[0].path'],
    ['a runtime that is no socket', { ...runtime, endpoint: 'tcp://1.2.3.4:5' }, 'endpoint'],
    ['a socket that goes up', { ...runtime, endpoint: 'unix:///run/../x.sock' }, 'endpoint'],
    ['a socket that ends an argument', { ...runtime, endpoint: 'unix:///run/x.sock" --v=9' }, 'endpoint'],
    ['a runtime without a name', { ...runtime, runtime: '' }, 'runtime'],
    ['looks of a configuration that end before a crash', { ...config, lookIntervalMs: 1000 }, 'looks'],
  ])('%s', (_, step, field) => {
    expect(refusedField(encodeSequence([step]))).toBe(`invalid-field ${field}`);
  });

  test.each(['', 'null', '{}', '[[1]]', ' 1', '1.0', '"a', `"${'x'.repeat(1025)}"`])('a value that is written as %s', (valueJson) => {
    const step = { ...base, kubeletConfig: { set: [{ path: ['a'], valueJson }], looks: 6, lookIntervalMs: 2000 } };
    expect(refusedField(encode(farrier.Sequence, { steps: [step] }))).toBe('invalid-field set[0].valueJson');
  });

  test.each([
    ['role', { kubeadm: { version: '1.34.2', imagePullPolicy: 'IMAGE_PULL_POLICY_NEVER' } }],
    ['imagePullPolicy', { kubeadm: { version: '1.34.2', role: 'KUBEADM_ROLE_WORKER' } }],
    ['action', { kubeletRuntime: { endpoint: 'unix:///run/x.sock', runtime: 'x' } }],
    ['action', { kubelet: { version: '1.34.2', looks: 6, lookIntervalMs: 2000 } }],
  ] as const)('an unspecified %s', (field, step) => {
    expect(refusedField(encode(farrier.Sequence, { steps: [{ ...base, ...step }] }))).toBe(`invalid-field ${field}`);
  });
});

test('the bytes of these steps never change within a version', () => {
  const steps = [{ ...kubeadm, ignorePreflightErrors: [] }, kubelet, certs, config].map((step, index) => ({ ...step, name: `s${index}` }));
  expect(decodeSequence(encodeSequence(steps))).toEqual({ ok: true, value: steps });
  expect(digestOf(encodeSequence(steps))).toMatchInlineSnapshot(`"e06ba7cf632f718b57de6e0894ee4286d9d882f83770291540cf7f5380f9e180"`);
});

test('nor do those of the step that points the kubelet at a runtime', () => {
  const steps = [{ ...runtime, name: 'g', action: 'guard' as const }, runtime];
  expect(decodeSequence(encodeSequence(steps))).toEqual({ ok: true, value: steps });
  expect(digestOf(encodeSequence(steps))).toMatchInlineSnapshot(`"dc0549d4d3e90df4a361f6c380e5695ebc342163453a5a05837c64bb4146b748"`);
});
