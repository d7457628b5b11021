import { afterEach, beforeEach, expect, test } from 'vitest';

import type { Endpoints } from '../../../../agent/ports/endpoints.ts';
import type { RestoreParts } from '../../../../agent/steps/restore/restore-parts.ts';
import { startControlPlaneStep } from '../../../../agent/steps/restore/start-control-plane.ts';
import { stopControlPlaneStep } from '../../../../agent/steps/restore/stop-control-plane.ts';
import type { StartControlPlaneSpec, StopControlPlaneSpec } from '../../../../shared/domain/steps/restore-specs.ts';
import { KubeadmLab } from '../../../support/kubeadm-lab.ts';
import { codeOf, runWhole, upToCapture } from '../../../support/step-run.ts';

const OTHER = 'https://10.0.0.2:6443';
const stop: StopControlPlaneSpec = { kind: 'stop_control_plane', name: 'stop', timeoutMs: 60_000, apiServers: ['https://10.0.0.1:6443', OTHER] };
const start: StartControlPlaneSpec = { kind: 'start_control_plane', name: 'start', timeoutMs: 60_000 };
const PODS = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];
let lab: KubeadmLab;
let serving: string[];
let parts: RestoreParts;

beforeEach(() => {
  lab = new KubeadmLab();
  lab.makeControlPlane('1.34.2');
  serving = [];
  for (const pod of [...PODS, 'etcd']) lab.running.set(pod, [`${pod}@1`]);
  // The kubelet runs what has a manifest.
  lab.onSleep = () => {
    for (const pod of PODS) lab.running.set(pod, isIn(pod) ? [`${pod}@2`] : []);
  };
  const endpoints: Endpoints = { accepts: async (url) => serving.includes(url), isReady: async () => false };
  const none = (): never => { throw new Error('not asked of a control plane'); };
  const { places, processes, truth, units, clock, run } = lab;
  parts = { endpoints, places, processes, truth, units, clock, run, setup: none, memberAt: none, artifacts: { fetch: none }, identity: none, toolFolders: [], unitsDir: '/nowhere' };
});
afterEach(() => lab.end());

const isIn = (pod: string): boolean => lab.files().some((line) => line.startsWith(`etc/kubernetes/manifests/${pod}.yaml `));
const manifests = (): readonly string[] => lab.files().flatMap((line) => /^etc\/kubernetes\/manifests\/(\S+) /.exec(line)?.[1] ?? []).filter((name) => name !== '');

test('everything of the control plane but etcd is stopped, and no boot brings it back', async () => {
  expect((await runWhole(stopControlPlaneStep(parts), stop, lab.context())).code).toBe('ok');
  expect(manifests()).toEqual([...PODS.map((pod) => `.${pod}.yaml.farrier-out`), 'etcd.yaml']);
  expect(lab.running.get('etcd')).toEqual(['etcd@1']);
});

test('an API server that answers anywhere holds it up, and then fails it', async () => {
  serving = [OTHER];
  expect((await runWhole(stopControlPlaneStep(parts), stop, lab.context())).code).toBe(`still-served ${OTHER}`);
});

test('one that answers again between two looks begins the count anew', async () => {
  const looks: boolean[] = [];
  const flaky: Endpoints = { accepts: async () => { looks.push(true); return looks.length === 7; }, isReady: async () => false };
  expect((await runWhole(stopControlPlaneStep({ ...parts, endpoints: flaky }), stop, lab.context())).code).toBe('ok');
  // Four looks at two of them, and five more in a row.
  expect(looks.length).toBe(18);
});

test('a pod that the kubelet does not end fails it', async () => {
  lab.onSleep = () => undefined;
  expect((await runWhole(stopControlPlaneStep(parts), stop, lab.context())).code).toBe('static-pod-stuck kube-apiserver');
});

test('going back, what was ready has to be ready again', async () => {
  const step = stopControlPlaneStep(parts);
  const before = lab.files();
  const { prior } = await runWhole(step, stop, lab.context());
  lab.api = { kind: 'unready', why: 'no quorum' };
  expect(codeOf(await step.revert(stop, prior, lab.context()))).toBe('api-unready kube-apiserver');
  lab.makeControlPlane('1.34.2');
  expect(codeOf(await step.revert(stop, prior, lab.context()))).toBe('ok');
  expect(lab.files()).toEqual(before);
});

test('going back, one that was dead before is left so', async () => {
  lab.api = { kind: 'unready', why: 'its datastore is lost' };
  const step = stopControlPlaneStep(parts);
  const { prior } = await runWhole(step, stop, lab.context());
  expect(codeOf(await step.revert(stop, prior, lab.context()))).toBe('ok');
});

test('it comes back with a new kubelet process, and nothing goes back from the first manifest on', async () => {
  const before = lab.files();
  await runWhole(stopControlPlaneStep(parts), stop, lab.context());
  const step = startControlPlaneStep(parts);
  const prior = await upToCapture(step, start, lab.context());
  expect(await step.crossed?.(start, prior, lab.context())).toBe(false);
  expect(codeOf(await step.apply(start, prior, lab.context()))).toBe('ok');
  expect(codeOf(await step.verify(start, prior, lab.context()))).toBe('ok');
  expect(lab.files()).toEqual(before);
  expect(lab.did).toContain('restart kubelet.service');
  expect(await step.crossed?.(start, prior, lab.context())).toBe(true);
});
