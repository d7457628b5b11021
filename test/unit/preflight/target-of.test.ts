import { expect, test } from 'vitest';

import { parseKubeVersion } from '../../../shared/domain/kube-version.ts';
import type { StepSpec } from '../../../shared/domain/step-spec.ts';
import type { K3sSpec } from '../../../shared/domain/steps/k3s-spec.ts';
import type { KubeadmSpec, KubeletSpec } from '../../../shared/domain/steps/kubeadm-spec.ts';
import { targetOf } from '../../../shared/preflight/target-of.ts';

const MIB = 2 ** 20;
const AROUND = { nowUnixMs: 1, cluster: null };
const TIMEOUTS = { upgradeManifestsMs: 0, etcdApiCallMs: 0, kubernetesApiCallMs: 0, controlPlaneHealthCheckMs: 0, kubeletHealthCheckMs: 0 };

const packages = (...install: readonly (readonly [string, string])[]): StepSpec => ({ kind: 'packages', name: 'packages', timeoutMs: 1, install: install.map(([name, version]) => ({ name, version })), sources: [], conffiles: 'keep' });
const kubeadm = (version: string, role: KubeadmSpec['role'] = 'worker'): KubeadmSpec => ({ kind: 'kubeadm', name: `kubeadm ${version}`, timeoutMs: 1, role, version, etcdUpgrade: false, certificateRenewal: true, imagePullPolicy: 'Never', patches: '', ignorePreflightErrors: [], timeouts: TIMEOUTS });
const kubelet = (version: string, action: KubeletSpec['action'] = 'restart'): KubeletSpec => ({ kind: 'kubelet', name: `kubelet ${version}`, timeoutMs: 1, version, action, looks: 1, lookIntervalMs: 1 });
const k3s = (version: string): K3sSpec => ({ kind: 'k3s', name: `k3s ${version}`, timeoutMs: 1, role: 'server', version, binary: { sha256: '0'.repeat(64), size: 70 }, images: { sha256: '1'.repeat(64), size: 200, name: 'a.tar' }, crossesMinor: true });

test('kubeadm', () => {
  const version = parseKubeVersion('v1.34.1');
  expect(targetOf(kubeadm('1.34.1', 'control-plane'), [], AROUND)).toEqual({ kind: 'kubeadm', controlPlane: true, version, from: null, ...AROUND, etcdUpgrade: false, ignorePreflightErrors: [], needBytes: { '/': 64 * MIB, '/var/lib/containerd': 768 * MIB } });
  expect(targetOf(kubeadm('1.34.1'), [], AROUND)).toMatchObject({ controlPlane: false, needBytes: { '/var/lib/containerd': 192 * MIB } });
  expect(targetOf(kubeadm('1.35.0'), [kubeadm('1.34.1'), kubelet('1.34.2')], AROUND)).toMatchObject({ from: version });
});

test('a kubelet, by what the steps before it do', () => {
  expect(targetOf(kubelet('1.34.1'), [], AROUND)).toEqual({ kind: 'kubelet', version: parseKubeVersion('v1.34.1'), from: null, ...AROUND, installs: {}, afterKubeadm: false });
  const earlier = [kubelet('1.34.1', 'guard'), packages(['kubeadm', '1.34.1-1.1']), kubeadm('1.34.1'), packages(['kubelet', '1.34.1-1.1'], ['containerd.io', '2.2.1-1'])];
  expect(targetOf(kubelet('1.34.1'), earlier, AROUND)).toMatchObject({ from: null, installs: { kubeadm: '1.34.1-1.1', kubelet: '1.34.1-1.1', 'containerd.io': '2.2.1-1' }, afterKubeadm: true });
});

test('K3s: binary and images, and what it unpacks', () => {
  expect(targetOf(k3s('v1.34.1+k3s1'), [k3s('v1.33.9+k3s1')], AROUND)).toEqual({ kind: 'k3s', controlPlane: true, version: parseKubeVersion('v1.34.1+k3s1'), from: parseKubeVersion('v1.33.9+k3s1'), ...AROUND, needBytes: { '/': 70, '/var/lib/rancher': 270 } });
});

test('steps that no rule is about', () => {
  expect([targetOf(kubelet('1.34.1', 'guard'), [], AROUND), targetOf(packages(['a', '1']), [], AROUND)]).toEqual([null, null]);
});
