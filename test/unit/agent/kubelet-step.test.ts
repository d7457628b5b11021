import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { KubeletPrior } from '../../../agent/steps/kubelet/kubelet-prior.ts';
import { kubeletStep } from '../../../agent/steps/kubelet/kubelet.ts';
import type { EarlierStep, StepResult } from '../../../agent/steps/step.ts';
import type { KubeletSpec } from '../../../shared/domain/steps/kubeadm-spec.ts';
import { controlPlaneAt, KubeadmLab, NEW, OLD } from '../../support/kubeadm-lab.ts';

let lab: KubeadmLab;
beforeEach(() => { lab = new KubeadmLab(); });
afterEach(() => lab.end());

const spec = (action: KubeletSpec['action'] = 'restart'): KubeletSpec => ({ kind: 'kubelet', name: 'k', timeoutMs: 60_000, version: NEW, action, looks: 6, lookIntervalMs: 2000 });
const codeOf = (result: StepResult): string => (result.ok ? 'ok' : result.outcome.code);
const step = () => kubeletStep(lab, lab.run);

async function captured(action: KubeletSpec['action'] = 'restart'): Promise<KubeletPrior> {
  const result = await step().capture(spec(action), lab.context());
  if (!result.ok) throw new Error(result.outcome.message);
  return result.prior;
}

/** Applied, with what it does to the world put in between. */
async function verified(change: () => void): Promise<string> {
  const prior = await captured();
  expect(await step().apply(spec(), prior, lab.context())).toEqual({ ok: true });
  lab.node = lab.nodeAt(NEW);
  change();
  return codeOf(await step().verify(spec(), prior, lab.context()));
}

describe('check', () => {
  test.each([
    ['the kubelet of the plan is needed', 'Kubernetes v1.34.2\n', 0, 'needed'],
    ['another one is refused', 'Kubernetes v1.33.5\n', 0, 'wrong-version'],
    ['one with a suffix is another one', 'Kubernetes v1.34.2-gke.1\n', 0, 'wrong-version'],
    ['one that does not run is refused', 'Kubernetes v1.34.2\n', 1, 'wrong-version'],
  ])('%s', async (_, stdout, code, expected) => {
    lab.answers.set('kubelet --version', { stdout, code });
    const result = await step().check(spec(), lab.context());
    expect(result.ok ? result.state : result.outcome.code).toBe(expected);
  });

  test('a guard asks nothing of the version, and nobody without a kubelet passes', async () => {
    expect(await step().check(spec('guard'), lab.context())).toEqual({ ok: true, state: 'satisfied' });
    lab.unit = null;
    expect(codeOf((await step().check(spec('guard'), lab.context())) as StepResult)).toBe('unit-not-found');
  });
});

describe('verify believes what the kubelet and the API server say of now', () => {
  test.each<[string, string, () => void]>([
    ['the version, ready, and a sign of life since the start', 'ok', () => undefined],
    ['the old version in the API server’s books', 'verify-failed', () => { lab.node = lab.nodeAt(OLD); }],
    ['not ready', 'node-not-ready', () => { lab.node = lab.nodeAt(NEW, { ready: false, reason: 'KubeletNotReady' }); }],
    ['a heartbeat from before the restart', 'heartbeat-missing', () => { lab.node = lab.nodeAt(NEW, { heartbeatUnixMs: 1_800_000_000_000 + 1_000_000 }); }],
    ['no answer from the API server', 'api-unreachable', () => { lab.node = { reached: false, why: 'ECONNREFUSED' }; }],
    ['a kubelet that is not healthy', 'kubelet-unhealthy', () => { lab.health = 'its /healthz says 500'; }],
    ['a kubelet that was never restarted', 'verify-failed', () => { lab.unit = { ...lab.unit!, startedMs: 1000, mainPid: 7 }; }],
    ['a kubelet that crashes after 5 s', 'unit-crashed', () => { lab.onSleep = () => { if (lab.nowMs >= 1_005_000) lab.unit = { ...lab.unit!, mainPid: 99, restarts: 1 }; }; }],
    ['a kubelet that is replaced while the API server is asked', 'unit-crashed', () => { lab.node = lab.nodeAt(OLD); lab.onSleep = () => { if (lab.nowMs > 1_015_000) lab.unit = { ...lab.unit!, mainPid: 99 }; }; }],
    ['one that takes its time', 'ok', () => { lab.node = lab.nodeAt(OLD); lab.onSleep = () => { if (lab.nowMs > 1_030_000) lab.node = lab.nodeAt(NEW); }; }],
    ['an API server here that holds', 'ok', () => { lab.api = controlPlaneAt('1.34.2'); }],
    ['a static pod here that is not ready', 'static-pod-stuck', () => { lab.api = controlPlaneAt('1.34.2', { component: 'etcd', ready: false, why: 'CrashLoopBackOff' }); }],
    ['an API server here that does not', 'api-unready', () => { lab.api = { kind: 'unready', why: 'its /readyz says 500' }; }],
  ])('%s: %s', async (_, expected, change) => {
    expect(await verified(change)).toBe(expected);
  });

  test('an API server that flickers has to hold ten times in a row', async () => {
    let asked = 0;
    const flickering = { ...lab.truth, apiServer: async () => ((asked += 1) === 9 ? { kind: 'unready', why: 'starting' } as const : controlPlaneAt('1.34.2')) };
    const prior = await captured();
    await step().apply(spec(), prior, lab.context());
    lab.node = lab.nodeAt(NEW);
    expect(await kubeletStep({ ...lab, truth: flickering }, lab.run).verify(spec(), prior, lab.context())).toEqual({ ok: true });
    expect(asked).toBe(19);
  });

  test('the looks go on for ten seconds at least', async () => {
    expect(await verified(() => undefined)).toBe('ok');
    expect(lab.nowMs - 1_000_000).toBeGreaterThanOrEqual(10_000);
  });

  test('a heartbeat of the very instant of the start is none', async () => {
    const at = async (heartbeatUnixMs: number): Promise<string> => verified(() => { lab.node = lab.nodeAt(NEW, { heartbeatUnixMs }); });
    expect(await at(1_800_000_000_000 + 1_000_000)).toBe('heartbeat-missing');
    lab.nowMs = 2_000_000;
    expect(await at(1_800_000_000_000 + 2_000_001)).toBe('ok');
  });
});

describe('a runtime that the kubelet was pointed at', () => {
  const set: EarlierStep = { spec: { kind: 'kubelet_runtime', name: 'r', timeoutMs: 1, endpoint: 'unix:///run/containerd/containerd.sock', runtime: 'containerd', action: 'set' }, folder: '/nowhere' };

  test.each([
    ['is there', 'containerd://1.7.24', 'ok'],
    ['is not the one that the node reports', 'docker://20.10.24', 'verify-failed'],
    ['is not yet reported', '', 'verify-failed'],
    ['is called nearly so', 'containerd-next://1.0', 'verify-failed'],
  ])('%s', async (_name, runtimeVersion, expected) => {
    const prior = await captured();
    const context = lab.context({ earlier: [set] });
    await step().apply(spec(), prior, context);
    lab.node = lab.nodeAt(NEW, { runtimeVersion });
    expect(codeOf(await step().verify(spec(), prior, context))).toBe(expected);
  });

  test('the guard sees to it that the one before is back', async () => {
    lab.node = lab.nodeAt(OLD, { runtimeVersion: 'docker://20.10.24' });
    const prior = await captured('guard');
    expect(codeOf(await step().revert(spec('guard'), prior, lab.context()))).toBe('ok');
    lab.node = lab.nodeAt(OLD);
    expect(codeOf(await step().revert(spec('guard'), prior, lab.context()))).toBe('verify-failed');
  });
});

test('what does not start is named, and its journal stays on the host', async () => {
  lab.restartSays = 'Job for kubelet.service failed';
  const result = await step().apply(spec(), await captured(), lab.context());
  expect(result).toMatchObject({ outcome: { code: 'unit-crashed', object: 'kubelet.service' } });
  expect(JSON.stringify(result)).not.toContain('lines of its journal');
  expect(lab.output).toContain('lines of its journal');
});

describe('going back', () => {
  test('the restart leaves it to the guard, which restarts and proves the version that was found', async () => {
    const prior = await captured();
    expect(await step().revert(spec(), prior, lab.context())).toEqual({ ok: true });
    expect(lab.did).toEqual([]);
    expect(await step().revert(spec('guard'), prior, lab.context())).toEqual({ ok: true });
    expect(lab.did).toEqual(['stop kubelet.service', 'restart kubelet.service']);
    lab.node = lab.nodeAt(NEW);
    expect(codeOf(await step().revert(spec('guard'), prior, lab.context()))).toBe('verify-failed');
  });

  test('checkpoints that only the newer kubelet keeps are removed before the one that was found is started', async () => {
    const [old, added] = ['var/lib/kubelet/cpu_manager_state', 'var/lib/kubelet/dra_manager_state'];
    lab.write(old, 'old');
    const before = lab.files();
    const prior = await captured('guard');
    lab.write(added, 'new');
    expect(await step().revert(spec(), prior, lab.context())).toEqual({ ok: true });
    expect(lab.read(added)).toBe('new');
    // One that is still starting writes it until it is stopped.
    lab.onStop = () => lab.write(added, 'new');
    lab.onRestart = () => { expect(lab.files()).toEqual(before); };
    expect(await step().revert(spec('guard'), prior, lab.context())).toEqual({ ok: true });
    expect(lab.files()).toEqual(before);
  });

  test('where a journal says nothing of checkpoints they stay', async () => {
    const { unit, node } = await captured('guard');
    lab.write('var/lib/kubelet/dra_manager_state', 'new');
    expect(await step().revert(spec('guard'), { unit, node }, lab.context())).toEqual({ ok: true });
    expect(lab.read('var/lib/kubelet/dra_manager_state')).toBe('new');
  });

  test('it gets there with no API server alive', async () => {
    const prior = await captured();
    lab.node = { reached: false, why: 'ECONNREFUSED' };
    lab.api = { kind: 'unready', why: 'ECONNREFUSED' };
    expect(await step().revert(spec('guard'), prior, lab.context())).toEqual({ ok: true });
    expect(lab.output).toContain('the API server is not asked any more: ECONNREFUSED');
    // What the kubelet says of itself is asked all the same.
    lab.health = 'its /healthz says 500';
    expect(codeOf(await step().revert(spec('guard'), prior, lab.context()))).toBe('kubelet-unhealthy');
  });

  test('a node that was not ready before need not be now, and one that did not say is not held to a version', async () => {
    lab.node = lab.nodeAt(OLD, { ready: false });
    const notReady = await captured();
    expect(await step().revert(spec('guard'), notReady, lab.context())).toEqual({ ok: true });
    lab.node = { reached: false, why: 'no' };
    const silent = await captured();
    lab.node = lab.nodeAt(NEW);
    expect(await step().revert(spec('guard'), silent, lab.context())).toEqual({ ok: true });
  });

  test('a kubelet that did not run is stopped', async () => {
    lab.unit = { ...lab.unit!, activeState: 'inactive', mainPid: 0, startedMs: 0 };
    const prior = await captured();
    expect(await step().revert(spec(), prior, lab.context())).toEqual({ ok: true });
    expect(lab.did).toEqual([]);
    lab.unit = { ...lab.unit, activeState: 'active', mainPid: 9 };
    expect(await step().revert(spec(), prior, lab.context())).toEqual({ ok: true });
    expect(lab.did).toEqual(['stop kubelet.service']);
  });
});
