import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { kubeadmStep } from '../../../agent/steps/kubeadm/kubeadm.ts';
import type { NodeFiles } from '../../../agent/steps/kubeadm/node-files.ts';
import { COPIES_MAX } from '../../../agent/steps/kubeadm/path-copies.ts';
import type { StepResult } from '../../../agent/steps/step.ts';
import type { KubeadmRole, KubeadmSpec } from '../../../shared/domain/steps/kubeadm-spec.ts';
import { KubeadmLab, kubeletConfigText, manifest, NEW, OLD } from '../../support/kubeadm-lab.ts';

let lab: KubeadmLab;
beforeEach(() => { lab = new KubeadmLab(); });
afterEach(() => lab.end());

const step = () => kubeadmStep(lab);
const spec = (role: KubeadmRole = 'worker', change: Partial<KubeadmSpec> = {}): KubeadmSpec => ({
  kind: 'kubeadm', name: 'k', timeoutMs: 60_000, role, version: NEW, etcdUpgrade: true, certificateRenewal: true, imagePullPolicy: 'IfNotPresent', patches: '',
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
const COMPONENTS = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'];

/** What kubeadm does to a node, up to where it stops. */
function upgrades(until: 'certificates' | 'first-manifest' | 'rolled-back' | 'all'): () => void {
  return () => {
    mkdirSync(join(lab.root, SCRATCH, 'kubeadm-backup-etcd-2026-01-01-00-00-00/etcd'), { recursive: true });
    mkdirSync(join(lab.root, SCRATCH, 'kubeadm-backup-manifests-2026-01-01-00-00-00'), { recursive: true });
    lab.write('etc/kubernetes/pki/apiserver.crt', 'new apiserver.crt');
    lab.write('etc/kubernetes/pki/added.crt', 'added');
    if (until === 'certificates') return;
    const backup = `${SCRATCH}/kubeadm-backup-manifests-2026-01-01-00-00-00`;
    const swap = (component: string): void => {
      renameSync(join(lab.root, MANIFESTS, `${component}.yaml`), join(lab.root, backup, `${component}.yaml`));
      lab.write(`${MANIFESTS}/${component}.yaml`, manifest(component, `v${NEW}`));
    };
    swap('kube-apiserver');
    if (until === 'rolled-back') renameSync(join(lab.root, backup, 'kube-apiserver.yaml'), join(lab.root, MANIFESTS, 'kube-apiserver.yaml'));
    if (until !== 'all') return;
    for (const component of COMPONENTS.slice(1)) swap(component);
    lab.api = { kind: 'ready', version: `v${NEW}` };
    rmSync(join(lab.root, SCRATCH), { recursive: true });
    kubeletFilesWritten();
  };
}

function kubeletFilesWritten(): void {
  lab.write('var/lib/kubelet/config.yaml', kubeletConfigText.replace('110', '120'), 0o644);
  lab.write('var/lib/kubelet/kubeadm-flags.env', 'KUBELET_KUBEADM_ARGS="--new"\n', 0o600);
  lab.write('var/lib/kubelet/instance-config.yaml', 'new', 0o644);
  mkdirSync(join(lab.root, SCRATCH, 'kubeadm-kubelet-config-123'), { recursive: true });
}

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
    expect(stateOf(await step().apply(spec(role, { patches: '/p', etcdUpgrade: false, timeouts }), await captured(role), lab.context()))).toBe('ok');
    expect(lab.did).toEqual([command]);
    expect(parse(lab.read('step/upgrade-configuration.yaml'))).toEqual({
      apiVersion: 'kubeadm.k8s.io/v1beta4', kind: 'UpgradeConfiguration',
      [key]: { etcdUpgrade: false, certificateRenewal: true, imagePullPolicy: 'IfNotPresent', patches: { directory: '/p' } },
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

test('killed between two renames, a control plane gets its manifest back before kubeadm runs again', async () => {
  lab.makeControlPlane(OLD);
  const prior = await captured('first-control-plane');
  const old = lab.read(`${MANIFESTS}/kube-apiserver.yaml`);
  lab.answers.set('kubeadm version', { stdout: `v${NEW}\n` });
  lab.answers.set('kubeadm upgrade', { code: 137, act: () => { lab.write(`${MANIFESTS}/etcd.yaml`, 'new'); renameSync(join(lab.root, MANIFESTS, 'kube-apiserver.yaml'), join(lab.root, 'away')); } });
  expect(stateOf(await step().apply(spec('first-control-plane'), prior, lab.context()))).toBe('apply-failed');
  expect(await step().crossed?.(spec('first-control-plane'), prior, lab.context())).toBe(true);
  // It is no worker because of that.
  expect(stateOf(await step().check(spec('first-control-plane'), lab.context()))).toBe('needed');
  let found = '';
  lab.answers.set('kubeadm upgrade', { act: () => { found = lab.read(`${MANIFESTS}/kube-apiserver.yaml`); } });
  expect(stateOf(await step().apply(spec('first-control-plane'), prior, lab.context()))).toBe('ok');
  expect([found, lab.read(`${MANIFESTS}/etcd.yaml`)]).toEqual([old, 'new']);
});

test('an API server that does not come back is not upgraded again', async () => {
  lab.makeControlPlane(OLD);
  const prior = await captured('control-plane');
  lab.answers.set('kubeadm upgrade', { code: 1 });
  await step().apply(spec('control-plane'), prior, lab.context());
  lab.did.length = 0;
  lab.api = { kind: 'unready', why: 'no' };
  expect(stateOf(await step().apply(spec('control-plane'), prior, lab.context()))).toBe('api-unready');
  expect(lab.did).toEqual([]);
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
    ['an API server that still is the old one', 'control-plane', () => { lab.makeControlPlane(NEW); lab.api = { kind: 'ready', version: `v${OLD}` }; }, 'api-unready'],
    ['an API server that does not hold', 'first-control-plane', () => { lab.makeControlPlane(NEW); lab.api = { kind: 'unready', why: 'no' }; }, 'api-unready'],
  ])('%s', async (_, role, change, expected) => {
    const prior = await captured(role);
    change();
    expect(stateOf(await step().verify(spec(role), prior, lab.context()))).toBe(expected);
  });
});

describe('the point of no return', () => {
  test('a control plane has one, a worker has none', () => {
    expect([step().pointOfNoReturn?.(spec('first-control-plane')), step().pointOfNoReturn?.(spec('control-plane')), step().pointOfNoReturn?.(spec())]).toEqual(['the first control-plane manifest is swapped', 'the first control-plane manifest is swapped', null]);
  });

  const crossed = (role: KubeadmRole, prior: NodeFiles) => step().crossed?.(spec(role), prior, lab.context());

  test.each<['certificates' | 'first-manifest' | 'rolled-back' | 'all', boolean]>([
    ['certificates', false],
    ['first-manifest', true],
    // kubeadm put the old manifest back itself, but what the new one ran may have written.
    ['rolled-back', true],
    ['all', true],
  ])('up to %s it is crossed: %s', async (until, is) => {
    lab.makeControlPlane(OLD);
    const prior = await captured('control-plane');
    expect(await crossed('control-plane', prior)).toBe(false);
    upgrades(until)();
    expect(await crossed('control-plane', prior)).toBe(is);
    expect(await crossed('worker', prior)).toBe(false);
  });

  test('a manifest that came, or went, or lies in kubeadm’s backup alone, says it too; what hides or was read does not', async () => {
    lab.makeControlPlane(OLD);
    const prior = await captured('control-plane');
    lab.write(`${MANIFESTS}/.draft.yaml`, 'x');
    utimesSync(join(lab.root, 'etc/kubernetes/admin.conf'), 1, 1);
    expect(await crossed('control-plane', prior)).toBe(false);
    lab.write(`${MANIFESTS}/other.yaml`, 'x');
    expect(await crossed('control-plane', prior)).toBe(true);
    rmSync(join(lab.root, MANIFESTS, 'other.yaml'));
    expect(await crossed('control-plane', prior)).toBe(false);
    lab.write(`${SCRATCH}/kubeadm-backup-manifests-1/etcd.yaml`, 'x');
    expect(await crossed('control-plane', prior)).toBe(true);
    rmSync(join(lab.root, SCRATCH), { recursive: true });
    rmSync(join(lab.root, MANIFESTS, 'etcd.yaml'));
    expect(await crossed('control-plane', prior)).toBe(true);
  });
});

describe('going back', () => {
  const revert = async (role: KubeadmRole, prior: NodeFiles): Promise<StepResult> => step().revert(spec(role), prior, lab.context());

  test('a worker is exactly as it was, and nobody else’s file is touched', async () => {
    lab.write(`${SCRATCH}/mine`, 'not kubeadm’s');
    mkdirSync(join(lab.root, SCRATCH, 'kubeadm-kubelet-config-old'));
    const before = lab.files();
    const prior = await captured('worker');
    kubeletFilesWritten();
    lab.write('etc/kubernetes/pki/ca.crt', 'rotated meanwhile');
    expect(await revert('worker', prior)).toEqual({ ok: true });
    rmSync(join(lab.root, 'etc/kubernetes/pki'), { recursive: true });
    expect(lab.files()).toEqual(before);
    expect(await revert('worker', prior)).toEqual({ ok: true });
  });

  test('a control plane before its point is as it was: certificates, modes, links, and nothing of kubeadm’s beside them', async () => {
    lab.makeControlPlane(OLD);
    symlinkSync('apiserver.crt', join(lab.root, 'etc/kubernetes/pki/link.crt'));
    const before = lab.files();
    const prior = await captured('first-control-plane');
    upgrades('certificates')();
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

  test('a copy that is gone or damaged is told before anything is begun, and when it is needed', async () => {
    const prior = await captured('worker');
    expect(await step().canRevert(spec(), prior, lab.context())).toEqual({ ok: true });
    kubeletFilesWritten();
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
  expect((await import('node:fs')).statSync(join(lab.folder, 'copies')).mode & 0o077).toBe(0);
});
