import { existsSync, readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { type KubeadmCertsPrior, kubeadmCertsStep } from '../../../agent/steps/kubeadm/kubeadm-certs.ts';
import type { KubeadmCertsSpec } from '../../../shared/domain/steps/kubeadm-spec.ts';
import { KubeadmLab, OLD } from '../../support/kubeadm-lab.ts';

const DAY_MS = 86_400_000;

let lab: KubeadmLab;
/** Days that each certificate has left. */
let days: Map<string, number>;
let external: Set<string>;
let missing: Set<string>;

beforeEach(() => {
  lab = new KubeadmLab();
  lab.makeControlPlane(OLD);
  days = new Map([['admin.conf', 20], ['apiserver', 20], ['etcd-server', 20], ['scheduler.conf', 300], ['super-admin.conf', 0], ['something-new', 1]]);
  external = new Set();
  missing = new Set(['super-admin.conf']);
  lab.answers.set('kubeadm certs check-expiration', { get stdout() { return listed(); } });
  for (const pod of ['etcd', 'kube-apiserver', 'kube-scheduler']) lab.running.set(pod, [`${pod}@1`]);
  for (const [name, files] of [['admin.conf', ['admin.conf']], ['apiserver', ['pki/apiserver.crt', 'pki/apiserver.key']], ['etcd-server', ['pki/etcd/server.crt', 'pki/etcd/server.key']], ['scheduler.conf', ['scheduler.conf']]] as const) {
    lab.answers.set(`kubeadm certs renew ${name}`, { act: () => { days.set(name, 365); for (const file of files) lab.write(`etc/kubernetes/${file}`, `new ${file}`, 0o640); } });
  }
  lab.onSleep = kubelet;
});
afterEach(() => lab.end());

function listed(): string {
  const certificates = [...days].map(([name, left]) => ({ name, expirationDate: new Date(lab.clock.wallUnixMs() + left * DAY_MS).toISOString(), residualTime: left * 86_400, externallyManaged: external.has(name), ...(missing.has(name) ? { missing: true, expirationDate: null } : {}) }));
  return `[check-expiration] noise\n${JSON.stringify({ kind: 'CertificateExpirationInfo', certificates, certificateAuthorities: [] })}`;
}

/** Ends the pods whose manifests are away, and starts those whose are there. */
function kubelet(): void {
  const names = readdirSync(join(lab.root, MANIFESTS));
  for (const pod of lab.running.keys()) {
    if (!names.includes(`${pod}.yaml`)) lab.running.set(pod, []);
    else if (lab.running.get(pod)?.length === 0) lab.running.set(pod, [`${pod}@${lab.nowMs}`]);
  }
}

const MANIFESTS = 'etc/kubernetes/manifests';
const step = () => kubeadmCertsStep(lab);
const spec = (change: Partial<KubeadmCertsSpec> = {}): KubeadmCertsSpec => ({ kind: 'kubeadm_certs', name: 'c', timeoutMs: 900_000, renew: [], whenUnderDays: 90, ...change });
const stateOf = (result: { readonly ok: boolean; readonly state?: string; readonly outcome?: { readonly code: string } }): string => (result.ok ? (result.state ?? 'ok') : (result.outcome?.code ?? ''));
const check = async (change: Partial<KubeadmCertsSpec> = {}): Promise<string> => stateOf(await step().check(spec(change), lab.context()));

async function captured(change: Partial<KubeadmCertsSpec> = {}): Promise<KubeadmCertsPrior> {
  const result = await step().capture(spec(change), lab.context());
  if (!result.ok) throw new Error(result.outcome.message);
  return result.prior;
}

const renewals = (): readonly string[] => lab.did.filter((what) => what.includes('renew')).map((what) => what.split(' ').at(-1) ?? '');

describe('check', () => {
  test('only what expires too soon is due, and of all only what kubeadm can renew', async () => {
    expect(await check()).toBe('needed');
    expect((await captured()).due.map(({ name }) => name)).toEqual(['admin.conf', 'apiserver', 'etcd-server']);
    expect(await check({ whenUnderDays: 20 })).toBe('satisfied');
    expect(await check({ renew: ['scheduler.conf'] })).toBe('satisfied');
    external = new Set(['admin.conf', 'apiserver', 'etcd-server']);
    expect(await check()).toBe('satisfied');
  });

  test.each<[string, string]>([['super-admin.conf', 'certificate-unknown'], ['nothing', 'certificate-unknown'], ['something-new', 'certificate-unknown'], ['apiserver', 'certificate-external']])('%s, named by a person, is refused: %s', async (name, code) => {
    external.add('apiserver');
    expect(await check({ renew: [name] })).toBe(code);
  });

  test.each([{ code: 1, stderr: 'error: x' }, { stdout: 'no JSON' }, { stdout: '{"certificates":[{"name":"apiserver","expirationDate":"soon"}]}' }])('what kubeadm cannot tell is no answer: %o', async (answer) => {
    lab.answers.set('kubeadm certs check-expiration', answer);
    expect(await check()).toBe('kubeadm-refused');
  });

  test('a certificate in another place could not be put back', async () => {
    renameSync(join(lab.root, 'etc/kubernetes/pki/apiserver.key'), join(lab.root, 'elsewhere'));
    expect(stateOf(await step().capture(spec(), lab.context()))).toBe('prior-unavailable');
  });
});

describe('apply renews and restarts', () => {
  test('what is due, and the static pods that use it, one after the other; verify sees both', async () => {
    const prior = await captured();
    expect(await step().apply(spec(), prior, lab.context())).toEqual({ ok: true });
    expect(renewals()).toEqual(['admin.conf', 'apiserver', 'etcd-server']);
    expect(lab.running.get('etcd')).not.toEqual(['etcd@1']);
    expect(lab.running.get('kube-apiserver')).not.toEqual(['kube-apiserver@1']);
    expect(lab.running.get('kube-scheduler')).toEqual(['kube-scheduler@1']);
    expect(readdirSync(join(lab.root, MANIFESTS)).toSorted()).toEqual(['etcd.yaml', 'kube-apiserver.yaml', 'kube-controller-manager.yaml', 'kube-scheduler.yaml']);
    expect(await step().verify(spec(), prior, lab.context())).toEqual({ ok: true });
    expect(await check()).toBe('satisfied');
  });

  test('what a power cut left empty is renewed again', async () => {
    const prior = await captured();
    lab.onSleep = () => undefined;
    await step().apply(spec(), prior, lab.context());
    for (const file of ['apiserver.crt', 'apiserver.key']) lab.write(`etc/kubernetes/pki/${file}`, '');
    lab.did.length = 0;
    lab.onSleep = kubelet;
    expect(await step().apply(spec(), prior, lab.context())).toEqual({ ok: true });
    expect(renewals()).toEqual(['apiserver']);
  });

  test('cut off before the restarts, it does not take the files for all of it', async () => {
    const prior = await captured();
    lab.running.set('etcd', ['etcd@stuck']);
    lab.onSleep = () => undefined;
    expect(stateOf(await step().apply(spec(), prior, lab.context()))).toBe('static-pod-stuck');
    expect(await check()).toBe('needed');
    lab.onSleep = kubelet;
    expect(await step().apply(spec(), prior, lab.context())).toEqual({ ok: true });
    expect(renewals()).toEqual(['admin.conf', 'apiserver', 'etcd-server']);
  });

  test('a failed renewal ends it, and another attempt renews what is left', async () => {
    const prior = await captured();
    const works = lab.answers.get('kubeadm certs renew apiserver')!;
    lab.answers.set('kubeadm certs renew apiserver', { code: 1, stderr: 'error: x' });
    expect(stateOf(await step().apply(spec(), prior, lab.context()))).toBe('apply-failed');
    lab.answers.set('kubeadm certs renew apiserver', works);
    expect(await step().apply(spec(), prior, lab.context())).toEqual({ ok: true });
    expect(renewals()).toEqual(['admin.conf', 'apiserver', 'apiserver', 'etcd-server']);
  });

  test.each<[string, () => void]>([
    ['is not ended', () => undefined],
    ['does not come back', () => { if (!existsSync(join(lab.root, MANIFESTS, 'etcd.yaml'))) lab.running.set('etcd', []); }],
  ])('a pod that %s is told, and its manifest lies where it lay', async (_, kubeletDoes) => {
    const prior = await captured();
    lab.onSleep = kubeletDoes;
    expect(await step().apply(spec(), prior, lab.context())).toMatchObject({ outcome: { code: 'static-pod-stuck', object: 'etcd' } });
    expect(readdirSync(join(lab.root, MANIFESTS))).toContain('etcd.yaml');
  });

  test('told to stop while a manifest is away, it puts it back', async () => {
    const prior = await captured();
    const stopping = { ...lab, clock: { ...lab.clock, sleep: () => Promise.reject(new Error('time is up')) } };
    await expect(kubeadmCertsStep(stopping).apply(spec(), prior, lab.context())).rejects.toThrow('time is up');
    expect(readdirSync(join(lab.root, MANIFESTS))).toContain('etcd.yaml');
  });

  test.each(['apply', 'revert'] as const)('killed while a manifest is away, %s brings it back first, and never over what came in its place', async (what) => {
    const prior = await captured();
    renameSync(join(lab.root, MANIFESTS, 'kube-scheduler.yaml'), join(lab.root, MANIFESTS, '.kube-scheduler.yaml.farrier-out'));
    lab.write(`${MANIFESTS}/.etcd.yaml.farrier-out`, 'older');
    const etcd = lab.read(`${MANIFESTS}/etcd.yaml`);
    expect(await step()[what](spec(), prior, lab.context())).toEqual({ ok: true });
    expect(readdirSync(join(lab.root, MANIFESTS)).toSorted()).toEqual(['etcd.yaml', 'kube-apiserver.yaml', 'kube-controller-manager.yaml', 'kube-scheduler.yaml']);
    expect(lab.read(`${MANIFESTS}/etcd.yaml`)).toBe(etcd);
  });

  test('another program of the same name may go on', async () => {
    lab.running.set('etcd', ['etcd@1', 'other@1']);
    const prior = await captured({ renew: ['etcd-server'] });
    lab.onSleep = () => lab.running.set('etcd', existsSync(join(lab.root, MANIFESTS, 'etcd.yaml')) ? ['other@1', 'etcd@2'] : ['other@1']);
    expect(await step().apply(spec(), prior, lab.context())).toEqual({ ok: true });
  });
});

describe('verify', () => {
  test.each<[string, string, () => void]>([
    ['a certificate that expires no later', 'verify-failed', () => days.set('apiserver', 20)],
    ['a certificate that is gone', 'verify-failed', () => days.delete('apiserver')],
    ['a pod that goes on with the old one', 'verify-failed', () => lab.running.set('kube-apiserver', ['kube-apiserver@1'])],
    ['an API server that does not hold', 'api-unready', () => { lab.api = { kind: 'unready', why: 'no' }; }],
  ])('%s: %s', async (_, code, change) => {
    const prior = await captured();
    await step().apply(spec(), prior, lab.context());
    change();
    // A second has passed, so that the same days are a later date.
    if (days.get('apiserver') === 20) days.set('apiserver', 19.9);
    expect(stateOf(await step().verify(spec(), prior, lab.context()))).toBe(code);
  });
});

describe('going back', () => {
  test('the old certificates lie there with mode and content, and what used the new ones is restarted', async () => {
    const before = lab.files();
    const prior = await captured();
    await step().apply(spec(), prior, lab.context());
    const onNew = lab.running.get('kube-apiserver');
    expect(await step().revert(spec(), prior, lab.context())).toEqual({ ok: true });
    expect(lab.files()).toEqual(before);
    expect(lab.running.get('kube-apiserver')).not.toEqual(onNew);
    const restarted = lab.running.get('kube-apiserver');
    expect(await step().revert(spec(), prior, lab.context())).toEqual({ ok: true });
    expect(lab.running.get('kube-apiserver')).toEqual(restarted);
  });

  test('cut off between files and restarts, it restarts when it is called again', async () => {
    const prior = await captured();
    await step().apply(spec(), prior, lab.context());
    lab.onSleep = () => undefined;
    expect(stateOf(await step().revert(spec(), prior, lab.context()))).toBe('static-pod-stuck');
    const onNew = lab.running.get('etcd');
    lab.onSleep = kubelet;
    expect(await step().revert(spec(), prior, lab.context())).toEqual({ ok: true });
    expect(lab.running.get('etcd')).not.toEqual(onNew);
  });

  test('a copy that is gone is told', async () => {
    const prior = await captured();
    await step().apply(spec(), prior, lab.context());
    for (const name of readdirSync(join(lab.folder, 'copies'))) lab.write(`step/copies/${name}`, 'damaged');
    expect(stateOf(await step().canRevert(spec(), prior, lab.context()))).toBe('prior-unavailable');
    expect(stateOf(await step().revert(spec(), prior, lab.context()))).toBe('revert-failed');
  });
});
