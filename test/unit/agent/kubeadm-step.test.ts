import { chmodSync, chownSync, mkdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { kubeadmStep } from '../../../agent/steps/kubeadm/kubeadm.ts';
import type { NodeFiles } from '../../../agent/steps/kubeadm/node-files.ts';
import { COPIES_MAX } from '../../../agent/steps/files/path-copies.ts';
import type { StepResult } from '../../../agent/steps/step.ts';
import type { KubeadmRole, KubeadmSpec } from '../../../shared/domain/steps/kubeadm-spec.ts';
import { controlPlaneAt, KubeadmLab, kubeadmUpgrades, manifest, NEW, OLD, writeKubeletFiles } from '../../support/kubeadm-lab.ts';

let lab: KubeadmLab;
beforeEach(() => { lab = new KubeadmLab(); });
afterEach(() => lab.end());

const step = () => kubeadmStep(lab);
const spec = (role: KubeadmRole = 'worker', change: Partial<KubeadmSpec> = {}): KubeadmSpec => ({
  kind: 'kubeadm', name: 'k', timeoutMs: 60_000, role, version: NEW, etcdUpgrade: true, certificateRenewal: true, imagePullPolicy: 'IfNotPresent', patches: '', ignorePreflightErrors: [],
  timeouts: { upgradeManifestsMs: 0, etcdApiCallMs: 0, kubernetesApiCallMs: 0, controlPlaneHealthCheckMs: 0, kubeletHealthCheckMs: 0 }, ...change,
});
const stateOf = (result: { readonly ok: boolean; readonly state?: string; readonly outcome?: { readonly code: string } }): string => (result.ok ? (result.state ?? 'ok') : (result.outcome?.code ?? ''));

async function captured(role: KubeadmRole): Promise<NodeFiles> {
  const result = await step().capture(spec(role), lab.context());
  if (!result.ok) throw new Error(result.outcome.message);
  return result.prior;
}

const MANIFESTS = 'etc/kubernetes/manifests';
const SCRATCH = 'etc/kubernetes/tmp';

describe('check', () => {
  beforeEach(() => lab.answers.set('kubeadm version', { stdout: `v${NEW}\n` }));

  const plan = (change: Readonly<Record<string, unknown>> = {}) => JSON.stringify({ kind: 'UpgradePlan', apiVersion: 'output.kubeadm.k8s.io/v1alpha3', availableUpgrades: [], configVersions: [], ...change });
  const outstanding = (name: string) => plan({ availableUpgrades: [{ description: 'v1.34', components: [{ name, currentVersion: 'a', newVersion: 'b' }] }] });

  test.each<[string, KubeadmRole, 'worker' | 'control-plane', string]>([
    ['a worker is always needed', 'worker', 'worker', 'needed'],
    ['a control plane that the plan takes for a worker is refused', 'worker', 'control-plane', 'role-mismatch'],
    ['a worker that the plan takes for a control plane is refused', 'control-plane', 'worker', 'role-mismatch'],
    ['a control plane at the old version is needed', 'control-plane', 'control-plane', 'needed'],
  ])('%s', async (_, role, is, expected) => {
    if (is === 'control-plane') lab.makeControlPlane(OLD);
    expect(stateOf(await step().check(spec(role), lab.context()))).toBe(expected);
  });

  test('kubeadm of another version is refused', async () => {
    lab.answers.set('kubeadm version', { stdout: `v${OLD}\n` });
    expect(stateOf(await step().check(spec(), lab.context()))).toBe('wrong-version');
    lab.answers.set('kubeadm version', { stdout: `v${NEW}\n`, code: 1 });
    expect(stateOf(await step().check(spec(), lab.context()))).toBe('wrong-version');
  });

  test('a further control plane whose manifests are there is satisfied, unless something is owed', async () => {
    lab.makeControlPlane(NEW);
    expect(stateOf(await step().check(spec('control-plane'), lab.context()))).toBe('satisfied');
    lab.answers.set('kubeadm upgrade', { code: 1, stderr: 'error: addons' });
    expect(stateOf(await step().apply(spec('control-plane'), await captured('control-plane'), lab.context()))).toBe('apply-failed');
    expect(stateOf(await step().check(spec('control-plane'), lab.context()))).toBe('needed');
    lab.answers.set('kubeadm upgrade', {});
    expect(stateOf(await step().apply(spec('control-plane'), await captured('control-plane'), lab.context()))).toBe('ok');
    expect(stateOf(await step().check(spec('control-plane'), lab.context()))).toBe('satisfied');
  });

  test('a control plane whose API server does not hold is not begun', async () => {
    lab.makeControlPlane(OLD);
    lab.api = { kind: 'unready', why: 'its /readyz says 500' };
    expect(await step().check(spec('control-plane'), lab.context())).toMatchObject({ outcome: { code: 'api-unreachable', message: expect.stringContaining('/readyz says 500') as string } });
  });

  test.each<[string, string, { readonly stdout?: string; readonly stderr?: string; readonly code?: number }, string, Partial<KubeadmSpec>]>([
    ['nothing outstanding and all manifests there', NEW, { stdout: plan() }, 'satisfied', {}],
    ['noise before the object', NEW, { stdout: `[upgrade] noise\n${plan()}` }, 'satisfied', {}],
    ['null where a list is empty', NEW, { stdout: plan({ availableUpgrades: null, configVersions: null }) }, 'satisfied', {}],
    ['nothing said, for nothing is older', NEW, { stdout: '\n' }, 'satisfied', {}],
    ['nothing said, and manifests at the old version', OLD, { stdout: '' }, 'needed', {}],
    ['manifests at the old version', OLD, { stdout: plan() }, 'needed', {}],
    ['a component outstanding', NEW, { stdout: outstanding('kube-proxy') }, 'needed', {}],
    ['only kubelets outstanding', NEW, { stdout: outstanding('kubelet') }, 'satisfied', {}],
    ['etcd outstanding', NEW, { stdout: outstanding('etcd') }, 'needed', {}],
    ['etcd outstanding, and not asked for', NEW, { stdout: outstanding('etcd') }, 'satisfied', { etcdUpgrade: false }],
    ['a configuration to be rewritten by hand', OLD, { stdout: plan({ configVersions: [{ group: 'kubelet.config.k8s.io', manualUpgradeRequired: true }] }) }, 'manual-upgrade-required', {}],
    ['a refusal', OLD, { code: 1, stderr: 'error execution phase preflight: [ERROR ControlPlaneNodesReady]: there are NotReady control-planes' }, 'kubeadm-refused', {}],
    ['an answer that is no plan', OLD, { stdout: '{"kind":"Other"}' }, 'kubeadm-refused', {}],
    ['half an answer', OLD, { stdout: plan().slice(0, 40) }, 'kubeadm-refused', {}],
  ])('the first control plane with %s', async (_, version, answer, expected, change) => {
    lab.makeControlPlane(version);
    lab.answers.set('kubeadm upgrade plan', answer);
    expect(stateOf(await step().check(spec('first-control-plane', change), lab.context()))).toBe(expected);
    expect(lab.did).toContain(`kubeadm upgrade plan v${NEW} -o json`);
  });

  test('checks that the plan ignores are ignored by kubeadm’s plan as well', async () => {
    lab.makeControlPlane(OLD);
    lab.answers.set('kubeadm upgrade plan', { stdout: plan() });
    expect(stateOf(await step().check(spec('first-control-plane', { ignorePreflightErrors: ['CoreDNSMigration', 'CreateJob'] }), lab.context()))).toBe('needed');
    expect(lab.did).toContain(`kubeadm upgrade plan v${NEW} -o json --ignore-preflight-errors=CoreDNSMigration,CreateJob`);
  });

  test('patches must be root’s alone, for kubeadm runs them as its own', async () => {
    const folder = join(lab.root, 'patches');
    const withPatches = () => step().check(spec('worker', { patches: folder }), lab.context());
    expect(stateOf(await withPatches())).toBe('not-allowed');
    mkdirSync(folder, { mode: 0o755 });
    expect(stateOf(await withPatches())).toBe('needed');
    chmodSync(folder, 0o775);
    expect(stateOf(await withPatches())).toBe('not-allowed');
    chmodSync(folder, 0o755);
    symlinkSync(folder, join(lab.root, 'link'));
    expect(stateOf(await step().check(spec('worker', { patches: join(lab.root, 'link') }), lab.context()))).toBe('not-allowed');
  });
});

describe('apply', () => {
  test.each<[KubeadmRole, string, string]>([
    ['first-control-plane', `kubeadm upgrade apply v${NEW} --yes --config /step/upgrade-configuration.yaml`, 'apply'],
    ['control-plane', 'kubeadm upgrade node --config /step/upgrade-configuration.yaml', 'node'],
    ['worker', 'kubeadm upgrade node --config /step/upgrade-configuration.yaml', 'node'],
  ])('%s runs %s', async (role, command, key) => {
    lab.answers.set('kubeadm upgrade', {});
    const timeouts = { upgradeManifestsMs: 900_000, etcdApiCallMs: 1500, kubernetesApiCallMs: 0, controlPlaneHealthCheckMs: 0, kubeletHealthCheckMs: 0 };
    expect(stateOf(await step().apply(spec(role, { patches: '/p', etcdUpgrade: false, ignorePreflightErrors: ['SystemVerification'], timeouts }), await captured(role), lab.context()))).toBe('ok');
    expect(lab.did).toEqual([command]);
    expect(parse(lab.read('step/upgrade-configuration.yaml'))).toEqual({
      apiVersion: 'kubeadm.k8s.io/v1beta4', kind: 'UpgradeConfiguration',
      [key]: { etcdUpgrade: false, certificateRenewal: true, imagePullPolicy: 'IfNotPresent', patches: { directory: '/p' }, ignorePreflightErrors: ['SystemVerification'] },
      timeouts: { upgradeManifests: '900s', etcdAPICall: '1.5s' },
    });
  });

  test.each<[string, string, string, string]>([
    ['its errors are told, its noise is not', 'apply-failed', 'I0101 00:00:00 noise\nW0101 more\nerror execution phase control-plane: timed out\nTo see the stack trace of this error execute with --v=5 or higher\n', 'kubeadm upgrade node ended with code 1: error execution phase control-plane: timed out'],
    ['a full disk is one', 'disk-full', 'error: write /etc/kubernetes/tmp/x: no space left on device', 'kubeadm upgrade node: error: write /etc/kubernetes/tmp/x: no space left on device; free space and start again'],
    ['silence is told', 'apply-failed', '', 'kubeadm upgrade node ended with code 1: it said nothing'],
  ])('%s', async (_, code, stderr, message) => {
    lab.answers.set('kubeadm upgrade', { code: 1, stderr });
    expect(await step().apply(spec(), await captured('worker'), lab.context())).toEqual({ ok: false, outcome: { code, message, object: '' } });
  });
});

describe('verify', () => {
  test.each<[string, KubeadmRole, () => void, string]>([
    ['a worker whose kubelet has its configuration', 'worker', () => undefined, 'ok'],
    ['a worker without one', 'worker', () => rmSync(lab.configFile), 'verify-failed'],
    ['a worker with half of one', 'worker', () => lab.write('var/lib/kubelet/config.yaml', 'kind: Kubelet'), 'verify-failed'],
    ['a control plane at the target', 'control-plane', () => lab.makeControlPlane(NEW), 'ok'],
    ['one manifest at the old version', 'control-plane', () => { lab.makeControlPlane(NEW); lab.write(`${MANIFESTS}/kube-scheduler.yaml`, manifest('kube-scheduler', `v${OLD}`)); }, 'verify-failed'],
    ['one manifest gone', 'control-plane', () => { lab.makeControlPlane(NEW); rmSync(join(lab.root, MANIFESTS, 'kube-scheduler.yaml')); }, 'verify-failed'],
    ['an image by its digest only', 'control-plane', () => { lab.makeControlPlane(NEW); lab.write(`${MANIFESTS}/kube-scheduler.yaml`, manifest('kube-scheduler', 'x').replace(':x', '@sha256:aa')); }, 'verify-failed'],
    ['a tag with a digest', 'control-plane', () => { lab.makeControlPlane(NEW); lab.write(`${MANIFESTS}/kube-scheduler.yaml`, manifest('kube-scheduler', `v${NEW}@sha256:aa`)); }, 'ok'],
    ['an API server that still is the old one', 'control-plane', () => { lab.makeControlPlane(NEW); lab.api = controlPlaneAt(OLD); }, 'api-unready'],
    ['a controller-manager without its image', 'first-control-plane', () => { lab.makeControlPlane(NEW); lab.api = controlPlaneAt(NEW, { component: 'kube-controller-manager', ready: false, why: 'ErrImagePull' }); }, 'static-pod-stuck'],
    ['a scheduler that still is the old one', 'control-plane', () => { lab.makeControlPlane(NEW); lab.api = controlPlaneAt(NEW, { component: 'kube-scheduler', image: `registry.k8s.io/kube-scheduler:v${OLD}` }); }, 'static-pod-stuck'],
    ['a scheduler that nobody knows of', 'control-plane', () => { lab.makeControlPlane(NEW); lab.api = { ...controlPlaneAt(NEW), pods: controlPlaneAt(NEW).pods.slice(0, -1) }; }, 'static-pod-stuck'],
    ['etcd elsewhere', 'control-plane', () => { lab.makeControlPlane(NEW); lab.api = { ...controlPlaneAt(NEW), pods: controlPlaneAt(NEW).pods.slice(1) }; }, 'ok'],
    ['an API server that does not hold', 'first-control-plane', () => { lab.makeControlPlane(NEW); lab.api = { kind: 'unready', why: 'no' }; }, 'api-unready'],
  ])('%s', async (_, role, change, expected) => {
    const prior = await captured(role);
    change();
    expect(stateOf(await step().verify(spec(role), prior, lab.context()))).toBe(expected);
  });
});

describe('going back', () => {
  const revert = async (role: KubeadmRole, prior: NodeFiles): Promise<StepResult> => step().revert(spec(role), prior, lab.context());

  test('a worker is exactly as it was, and nobody else’s file is touched', async () => {
    lab.write(`${SCRATCH}/mine`, 'not kubeadm’s');
    mkdirSync(join(lab.root, SCRATCH, 'kubeadm-kubelet-config-old'));
    const before = lab.files();
    const prior = await captured('worker');
    writeKubeletFiles(lab);
    lab.write('etc/kubernetes/pki/ca.crt', 'rotated meanwhile');
    lab.write(`${SCRATCH}/theirs`, 'somebody’s, meanwhile');
    expect(await revert('worker', prior)).toEqual({ ok: true });
    expect(lab.files()).not.toEqual(before);
    for (const theirs of ['etc/kubernetes/pki', `${SCRATCH}/theirs`]) rmSync(join(lab.root, theirs), { recursive: true });
    expect(lab.files()).toEqual(before);
    expect(await revert('worker', prior)).toEqual({ ok: true });
  });

  test('a control plane before its point is as it was: certificates, modes, links, and nothing of kubeadm’s beside them', async () => {
    lab.makeControlPlane(OLD);
    symlinkSync('apiserver.crt', join(lab.root, 'etc/kubernetes/pki/link.crt'));
    const before = lab.files();
    const prior = await captured('first-control-plane');
    kubeadmUpgrades(lab, 'certificates');
    chmodSync(join(lab.root, 'etc/kubernetes/pki/apiserver.key'), 0o644);
    chmodSync(join(lab.root, 'etc/kubernetes/pki'), 0o700);
    rmSync(join(lab.root, 'etc/kubernetes/pki/link.crt'));
    rmSync(join(lab.root, 'etc/kubernetes/pki/etcd'), { recursive: true });
    lab.write('etc/kubernetes/super-admin.conf', 'new');
    expect(await revert('first-control-plane', prior)).toEqual({ ok: true });
    expect(lab.files()).toEqual(before);
    // Putting back moved no manifest: asked again, it still is not crossed.
    expect(await step().crossed?.(spec('first-control-plane'), prior, lab.context())).toBe(false);
  });

  test('owners come back, whether the content changed or not', async () => {
    const flags = join(lab.root, 'var/lib/kubelet/kubeadm-flags.env');
    chownSync(flags, 12, 34);
    const prior = await captured('worker');
    chownSync(flags, 0, 0);
    chownSync(lab.configFile, 12, 34);
    lab.write('var/lib/kubelet/kubeadm-flags.env', 'new');
    expect(await revert('worker', prior)).toEqual({ ok: true });
    expect([flags, lab.configFile].map((path) => `${statSync(path).uid}:${statSync(path).gid}`)).toEqual(['12:34', '0:0']);
  });

  test('where a link leads comes back too, for kubeadm writes there', async () => {
    lab.write('var/lib/kubelet/kept/config.yaml', lab.read('var/lib/kubelet/config.yaml'), 0o640);
    rmSync(lab.configFile);
    symlinkSync('kept/config.yaml', lab.configFile);
    const before = lab.files();
    const prior = await captured('worker');
    writeKubeletFiles(lab);
    expect(lab.read('var/lib/kubelet/kept/config.yaml')).toContain('120');
    expect(await revert('worker', prior)).toEqual({ ok: true });
    expect(lab.files()).toEqual(before);
  });

  test('a copy that is gone or damaged is told before anything is begun, and when it is needed', async () => {
    const prior = await captured('worker');
    expect(await step().canRevert(spec(), prior, lab.context())).toEqual({ ok: true });
    writeKubeletFiles(lab);
    const [copy] = prior.copies.flatMap((one) => (one.kind === 'file' ? [one] : []));
    lab.write(`step/copies/${copy!.sha256}`, 'damaged');
    expect(stateOf(await step().canRevert(spec(), prior, lab.context()))).toBe('prior-unavailable');
    expect(stateOf(await revert('worker', prior))).toBe('revert-failed');
    expect(lab.read('var/lib/kubelet/config.yaml')).toContain('120');
  });
});

test('more than kubeadm would ever write is not taken, and then nothing is begun', async () => {
  lab.makeControlPlane(OLD);
  for (let file = 0; file <= COPIES_MAX; file += 1) lab.write(`etc/kubernetes/pki/x/${file}`, '');
  expect(stateOf((await step().capture(spec('control-plane'), lab.context())) as StepResult)).toBe('prior-unavailable');
});

test('keys are kept for root alone', async () => {
  lab.makeControlPlane(OLD);
  await captured('control-plane');
  expect(statSync(join(lab.folder, 'copies')).mode & 0o077).toBe(0);
});
