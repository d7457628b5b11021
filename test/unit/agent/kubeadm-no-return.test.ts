import { renameSync, rmSync, utimesSync, watch } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { kubeadmStep } from '../../../agent/steps/kubeadm/kubeadm.ts';
import type { NodeFiles } from '../../../agent/steps/kubeadm/node-files.ts';
import type { KubeadmRole, KubeadmSpec } from '../../../shared/domain/steps/kubeadm-spec.ts';
import { KubeadmLab, kubeadmUpgrades, NEW, OLD } from '../../support/kubeadm-lab.ts';

let lab: KubeadmLab;
beforeEach(() => { lab = new KubeadmLab(); });
afterEach(() => lab.end());

const MANIFESTS = 'etc/kubernetes/manifests';
const SCRATCH = 'etc/kubernetes/tmp';
const step = () => kubeadmStep(lab);
const spec = (role: KubeadmRole = 'worker'): KubeadmSpec => ({
  kind: 'kubeadm', name: 'k', timeoutMs: 60_000, role, version: NEW, etcdUpgrade: true, certificateRenewal: true, imagePullPolicy: 'Never', patches: '', ignorePreflightErrors: [],
  timeouts: { upgradeManifestsMs: 0, etcdApiCallMs: 0, kubernetesApiCallMs: 0, controlPlaneHealthCheckMs: 0, kubeletHealthCheckMs: 0 },
});
const stateOf = (result: { readonly ok: boolean; readonly state?: string; readonly outcome?: { readonly code: string } }): string => (result.ok ? (result.state ?? 'ok') : (result.outcome?.code ?? ''));

async function captured(role: KubeadmRole): Promise<NodeFiles> {
  const result = await step().capture(spec(role), lab.context());
  if (!result.ok) throw new Error(result.outcome.message);
  return result.prior;
}

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
    kubeadmUpgrades(lab, until);
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
  // A draft beside the manifests that a kubelet would take for a static pod would start a second API server.
  const seen: string[] = [];
  const watcher = watch(join(lab.root, MANIFESTS), (_, name) => { seen.push(name ?? ''); });
  let found = '';
  lab.answers.set('kubeadm upgrade', { act: () => { found = lab.read(`${MANIFESTS}/kube-apiserver.yaml`); } });
  expect(stateOf(await step().apply(spec('first-control-plane'), prior, lab.context()))).toBe('ok');
  expect([found, lab.read(`${MANIFESTS}/etcd.yaml`)]).toEqual([old, 'new']);
  await vi.waitFor(() => expect(seen).toContain('kube-apiserver.yaml'));
  watcher.close();
  expect(seen.filter((name) => !name.startsWith('.') && name !== 'kube-apiserver.yaml')).toEqual([]);
});

test.each<[KubeadmRole, readonly string[]]>([
  ['worker', []],
  ['control-plane', ['etc/kubernetes/pki/apiserver.crt', 'etc/kubernetes/admin.conf', `${MANIFESTS}/etcd.yaml`]],
])('on a %s what a power cut left empty is no work of kubeadm: it runs again on what there was', async (role, written) => {
  if (role === 'control-plane') lab.makeControlPlane(OLD);
  const prior = await captured(role);
  const before = lab.files();
  const kubelet = ['config.yaml', 'kubeadm-flags.env', 'instance-config.yaml'].map((name) => `var/lib/kubelet/${name}`);
  lab.answers.set('kubeadm upgrade', { code: 137, act: () => { for (const path of [...written, ...kubelet]) lab.write(path, ''); lab.write('var/lib/kubelet/kubeadm-flags.env', 'without its socket'); } });
  expect(stateOf(await step().apply(spec(role), prior, lab.context()))).toBe('apply-failed');
  let found: unknown;
  lab.answers.set('kubeadm upgrade', { act: () => { found = lab.files(); } });
  expect(stateOf(await step().apply(spec(role), prior, lab.context()))).toBe('ok');
  expect(found).toEqual(before);
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
