import { describe, expect, test } from 'vitest';

import { parsePlan } from '../../../shared/plan/parse-plan.ts';

function plan(...steps: readonly string[]): string {
  return `apiVersion: farrier/v1\nkind: Plan\nmetadata: { name: p }\nspec:\n  steps:\n${steps.map((step) => `    - ${step}\n`).join('')}`;
}

function stepsOf(...steps: readonly string[]) {
  const parsed = parsePlan(plan(...steps), 'f');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  return parsed.plan.steps;
}

function mistakesOf(step: string): readonly string[] {
  const parsed = parsePlan(plan(step), 'f');
  return parsed.ok ? [] : parsed.diagnostics.map(({ path, code }) => `${path.replace('spec.steps[0].', '')} ${code}`);
}

test('what is left out has kubeadm’s own defaults, and nothing is pulled that is there', () => {
  expect(stepsOf('kubeadm: { role: worker, version: 1.34.2 }')).toEqual([{
    kind: 'kubeadm', name: 'kubeadm', timeoutMs: 1_800_000, role: 'worker', version: '1.34.2', etcdUpgrade: true, certificateRenewal: true, imagePullPolicy: 'IfNotPresent', patches: '', ignorePreflightErrors: [],
    timeouts: { upgradeManifestsMs: 0, etcdApiCallMs: 0, kubernetesApiCallMs: 0, controlPlaneHealthCheckMs: 0, kubeletHealthCheckMs: 0 },
  }]);
  expect(stepsOf('kubelet: { version: 1.34.2 }')).toEqual([{ kind: 'kubelet', name: 'kubelet', timeoutMs: 300_000, version: '1.34.2', action: 'restart', looks: 16, lookIntervalMs: 2000 }]);
  expect(stepsOf('kubeadmCerts: { renew: all }')).toEqual([{ kind: 'kubeadm_certs', name: 'kubeadm-certs', timeoutMs: 1_200_000, renew: [], whenUnderDays: 90 }]);
});

test('the kubelet gets another runtime between two guards and a proof', () => {
  const steps = stepsOf('kubeletRuntime: { endpoint: unix:///run/containerd/containerd.sock }', 'service: { disable: docker.service }', 'kubelet: { version: 1.33.5 }');
  expect(steps.map(({ name }) => name)).toEqual(['guard-kubelet-runtime', 'guard-kubelet', 'kubelet-runtime', 'disable-docker.service', 'kubelet']);
  const set = { kind: 'kubelet_runtime', name: 'kubelet-runtime', timeoutMs: 300_000, endpoint: 'unix:///run/containerd/containerd.sock', runtime: 'containerd', action: 'set' };
  expect([steps[0], steps[2]]).toEqual([{ ...set, name: 'guard-kubelet-runtime', action: 'guard' }, set]);
});

test('kubeadm’s waits are taken in milliseconds', () => {
  const [step] = stepsOf('kubeadm: { role: control-plane, version: 1.34.2, timeouts: { upgradeManifests: 15m, etcdAPICall: 4m, kubernetesAPICall: 3m, controlPlaneComponentHealthCheck: 9m, kubeletHealthCheck: 8m } }');
  expect(step).toMatchObject({ timeouts: { upgradeManifestsMs: 900_000, etcdApiCallMs: 240_000, kubernetesApiCallMs: 180_000, controlPlaneHealthCheckMs: 540_000, kubeletHealthCheckMs: 480_000 } });
});

test('fields of the kubelet are flattened and sorted, and so are names of certificates', () => {
  expect(stepsOf('kubeletConfig: { set: { maxPods: 150, evictionHard: { nodefs.available: 10%, memory.available: 200Mi }, featureGates: { A: true }, clusterDNS: [10.96.0.10] } }')).toMatchObject([{
    kind: 'kubelet_config', name: 'kubelet-config', set: [
      { path: ['clusterDNS'], value: ['10.96.0.10'] },
      { path: ['evictionHard', 'memory.available'], value: '200Mi' },
      { path: ['evictionHard', 'nodefs.available'], value: '10%' },
      { path: ['featureGates', 'A'], value: true },
      { path: ['maxPods'], value: 150 },
    ],
  }]);
  expect(stepsOf('kubeadmCerts: { renew: [scheduler.conf, apiserver] }')).toMatchObject([{ renew: ['apiserver', 'scheduler.conf'] }]);
});

describe('a mistake is named where it stands', () => {
  test.each<[string, readonly string[]]>([
    ['kubeadm: {}', ['kubeadm.role missing', 'kubeadm.version missing']],
    ['kubeadm: { role: master, version: v1.34.2 }', ['kubeadm.role not-allowed', 'kubeadm.version bad-name']],
    ['kubeadm: { role: worker, version: 1.30.9 }', ['kubeadm.version bad-name']],
    ['kubeadm: { role: worker, version: 1.34 }', ['kubeadm.version wrong-type']],
    ['kubeadm: { role: worker, version: 1.34.2, etcdUpgrade: yes }', ['kubeadm.etcdUpgrade wrong-type']],
    ['kubeadm: { role: worker, version: 1.34.2, patches: ../x }', ['kubeadm.patches bad-name']],
    ['kubeadm: { role: worker, version: 1.34.2, patches: /etc/../x }', ['kubeadm.patches bad-name']],
    ['kubeadm: { role: worker, version: 1.34.2, timeout: 10m, timeouts: { upgradeManifests: 10m } }', ['kubeadm.timeouts.upgradeManifests conflict']],
    ['kubeadm: { role: worker, version: 1.34.2, ignorePreflightErrors: [SystemVerification, all, 3] }', ['kubeadm.ignorePreflightErrors[1] bad-name', 'kubeadm.ignorePreflightErrors[2] wrong-type']],
    ['kubeadm: { role: worker, version: 1.34.2, force: true }', ['kubeadm.force unknown-key']],
    ['kubelet: { version: 1.23.17 }', ['kubelet.version bad-name']],
    ['kubelet: { version: 1.24.0 }', []],
    ['kubelet: { version: 1.34.2, looks: 3 }', ['kubelet.looks conflict']],
    ['kubelet: { version: 1.34.2, every: 1m }', ['kubelet.timeout conflict']],
    ['kubeadmCerts: { renew: [] }', ['kubeadmCerts.renew empty']],
    ['kubeadmCerts: { renew: [apiserver, apiserver, --all, 3] }', ['kubeadmCerts.renew[1] duplicate-name', 'kubeadmCerts.renew[2] bad-name', 'kubeadmCerts.renew[3] bad-name']],
    ['kubeadmCerts: { renew: some }', ['kubeadmCerts.renew wrong-type']],
    ['kubeadmCerts: { renew: all, whenUnderDays: 0 }', ['kubeadmCerts.whenUnderDays out-of-range']],
    ['kubeletRuntime: { endpoint: unix:///run/x.sock }', ['kubeletRuntime missing']],
    ['kubeletRuntime: { endpoint: /run/x.sock, runtime: "containerd://", timeout: 5 }', ['kubeletRuntime missing', 'kubeletRuntime.endpoint bad-name', 'kubeletRuntime.runtime bad-name', 'kubeletRuntime.timeout bad-duration']],
    ['kubeletRuntime: {}', ['kubeletRuntime missing', 'kubeletRuntime.endpoint missing']],
    ['kubeletConfig: { set: {} }', ['kubeletConfig.set wrong-type']],
    ['kubeletConfig: { set: { kind: x } }', ['kubeletConfig.set.kind bad-name']],
    ['kubeletConfig: { set: { evictionHard: {} } }', ['kubeletConfig.set.evictionHard wrong-type']],
    ['kubeletConfig: { set: { maxPods: }, looks: 2 }', ['kubeletConfig.set.maxPods wrong-type', 'kubeletConfig.looks conflict']],
    ['kubeletConfig: { set: { a: { b: { c: { d: { e: { f: { g: 1 } } } } } } } }', ['kubeletConfig.set.a.b.c.d.e.f.g bad-name']],
  ])('%s', (step, mistakes) => {
    expect(mistakesOf(step).toSorted()).toEqual(mistakes.toSorted());
  });
});

test('kubeadm, the kubelet and its configuration prove the packages before them', () => {
  const warned = (step: string): number => {
    const parsed = parsePlan(plan('packages: { install: { kubelet: 1.34.2-1.1 }, sources: [k8s] }', step), 'f');
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
    return parsed.warnings.length;
  };
  expect(warned('kubelet: { version: 1.34.2 }')).toBe(0);
  expect(warned('kubeadmCerts: { renew: all }')).toBe(1);
});
