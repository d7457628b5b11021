import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { kubeletTruth } from '../../agent/adapters/kubernetes/kubelet-truth.ts';
import { nodeAnnotations } from '../../agent/adapters/kubernetes/node-annotations.ts';
import { procProcesses } from '../../agent/adapters/proc-processes.ts';
import type { NodeTruth } from '../../agent/ports/node-truth.ts';
import { KineStore } from '../fleet/stand-ins/api/kine-store.ts';
import { serveApi } from '../fleet/stand-ins/api/serve-api.ts';
import { controlPlaneFiles, makeAuthorities, type PkiFiles } from '../fleet/stand-ins/pki/kubeadm-pki.ts';

const root = mkdtempSync(join(tmpdir(), 'farrier-truth-'));
const signal = new AbortController().signal;
const store = new KineStore(join(root, 'state.db'));
let files: PkiFiles;
let api: ReturnType<typeof serveApi>;
let healthz: Server;
let healthCode = 200;
let truth: NodeTruth;

const at = (path: string): string => join(root, path);
const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;

function put(path: string, text: string): void {
  mkdirSync(dirname(at(path)), { recursive: true });
  writeFileSync(at(path), text);
}

function putApiManifest(port: number, address = '127.0.0.1'): void {
  put('/etc/kubernetes/manifests/kube-apiserver.yaml', `spec:\n  containers:\n  - command:\n    - kube-apiserver\n    - --advertise-address=${address}\n    - --secure-port=${port}\n`);
}

async function putObject(key: string, value: unknown): Promise<void> {
  const revision = (await store.get(key))?.revision ?? 0;
  expect(await store.put(key, JSON.stringify(value), revision)).not.toBeNull();
}

beforeAll(async () => {
  files = await controlPlaneFiles(await makeAuthorities(), { name: 'n1', address: '127.0.0.1' }, true);
  const file = (path: string): string => files[`/etc/kubernetes/pki/${path}`] ?? '';
  api = serveApi({ store, version: 'v1.34.1', certificate: file('apiserver.crt'), key: file('apiserver.key'), clientCa: file('ca.crt') });
  healthz = createServer((_, response) => response.writeHead(healthCode).end('ok'));
  await Promise.all([once(api.listen(0, '127.0.0.1'), 'listening'), once(healthz.listen(0, '127.0.0.1'), 'listening')]);
});

afterAll(() => {
  api.close();
  healthz.close();
  rmSync(root, { recursive: true });
});

beforeEach(async () => {
  const server = `https://127.0.0.1:${portOf(api)}`;
  // As kubeadm leaves them: the credentials in a file that the kubelet rotates.
  for (const [path, text] of Object.entries(files)) put(path, text.replaceAll('https://127.0.0.1:6443', server).replaceAll('/var/lib/kubelet', at('/var/lib/kubelet')));
  put('/var/lib/kubelet/config.yaml', `kind: KubeletConfiguration\nhealthzPort: ${portOf(healthz)}\n`);
  putApiManifest(portOf(api));
  healthCode = 200;
  truth = kubeletTruth({ kubeconfig: at('/etc/kubernetes/kubelet.conf'), config: at('/var/lib/kubelet/config.yaml'), manifests: at('/etc/kubernetes/manifests') });
  const conditions = [{ type: 'DiskPressure', status: 'False' }, { type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: '2026-01-01T00:00:00Z' }];
  await putObject('/registry/minions/n1', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' }, spec: {}, status: { conditions, nodeInfo: { kubeletVersion: 'v1.34.1', containerRuntimeVersion: 'containerd://1.7.24' } } });
  await putObject('/registry/leases/kube-node-lease/n1', { metadata: { name: 'n1', namespace: 'kube-node-lease' }, spec: { renewTime: '2026-01-01T00:00:07.250000Z' } });
});

describe('the node, as the API server has it', () => {
  test('is read with the kubelet’s own credentials; the newest sign of life counts', async () => {
    expect(await truth.node(signal)).toEqual({ reached: true, node: { name: 'n1', kubeletVersion: 'v1.34.1', runtimeVersion: 'containerd://1.7.24', ready: true, reason: 'KubeletReady', heartbeatUnixMs: Date.UTC(2026, 0, 1, 0, 0, 7, 250) } });
    await putObject('/registry/minions/n1', { metadata: { name: 'n1' }, status: { conditions: [{ type: 'Ready', status: 'Unknown', lastHeartbeatTime: '2026-01-01T00:00:30Z' }] } });
    expect(await truth.node(signal)).toEqual({ reached: true, node: { name: 'n1', kubeletVersion: '', runtimeVersion: '', ready: false, reason: '', heartbeatUnixMs: Date.UTC(2026, 0, 1, 0, 0, 30) } });
  });

  test.each<[string, () => void | Promise<void>, RegExp]>([
    ['a node that is not there', async () => void (await store.remove('/registry/minions/n1')), /nodes\/n1 says 404/],
    ['no lease', async () => void (await store.remove('/registry/leases/kube-node-lease/n1')), /leases\/n1 says 404/],
    ['no server', () => put('/etc/kubernetes/kubelet.conf', (files['/etc/kubernetes/kubelet.conf'] ?? '').replace('127.0.0.1:6443', '127.0.0.1:1').replaceAll('/var/lib/kubelet', at('/var/lib/kubelet'))), /ECONNREFUSED/],
    ['no kubeconfig', () => rmSync(at('/etc/kubernetes/kubelet.conf')), /ENOENT/],
    ['an empty kubeconfig', () => put('/etc/kubernetes/kubelet.conf', ''), /no current context/],
    ['an administrator’s kubeconfig', () => put('/etc/kubernetes/kubelet.conf', files['/etc/kubernetes/admin.conf'] ?? ''), /is not a node's: its certificate is kubernetes-admin's/],
    ['no certificate', () => rmSync(at('/var/lib/kubelet/pki/kubelet-client-current.pem')), /ENOENT/],
  ])('%s is said', async (_, change, why) => {
    await change();
    expect(await truth.node(signal)).toEqual({ reached: false, why: expect.stringMatching(why) as string });
  });

  test('a server that another authority vouches for is not believed', async () => {
    const other = await controlPlaneFiles(await makeAuthorities(), { name: 'n1', address: '127.0.0.1' }, true);
    const impostor = createTlsServer({ cert: other['/etc/kubernetes/pki/apiserver.crt'], key: other['/etc/kubernetes/pki/apiserver.key'] }, (_, response) => response.end('{}'));
    await once(impostor.listen(0, '127.0.0.1'), 'listening');
    put('/etc/kubernetes/kubelet.conf', (files['/etc/kubernetes/kubelet.conf'] ?? '').replace('127.0.0.1:6443', `127.0.0.1:${portOf(impostor)}`).replaceAll('/var/lib/kubelet', at('/var/lib/kubelet')));
    putApiManifest(portOf(impostor));
    expect(await truth.node(signal)).toMatchObject({ reached: false, why: expect.stringMatching(/certificate/) as string });
    expect(await truth.apiServer(signal)).toMatchObject({ kind: 'unready', why: expect.stringMatching(/certificate/) as string });
    impostor.close();
  });

  test('it stops when told to', async () => {
    await expect(truth.node(AbortSignal.abort(new Error('time is up')))).rejects.toThrow('time is up');
    await expect(truth.apiServer(AbortSignal.abort(new Error('time is up')))).rejects.toThrow('time is up');
  });
});

describe('the API server of this host', () => {
  test('is where its manifest says, and tells its version', async () => {
    expect(await truth.apiServer(signal)).toEqual({ kind: 'ready', version: 'v1.34.1', pods: [] });
  });

  test('tells what the static pods of this host are about, and of no other', async () => {
    const pod = (name: string, nodeName: string, tier: string, status: object): Promise<void> => putObject(`/registry/pods/kube-system/${name}-${nodeName}`, {
      apiVersion: 'v1', kind: 'Pod', metadata: { name: `${name}-${nodeName}`, namespace: 'kube-system', labels: { component: name, tier } },
      spec: { nodeName, containers: [{ name, image: `registry.k8s.io/${name}:v1.34.1` }] }, status,
    });
    const ready = (status: string): object => ({ conditions: [{ type: 'PodScheduled', status: 'True' }, { type: 'Ready', status }] });
    await pod('kube-scheduler', 'n1', 'control-plane', ready('True'));
    await pod('kube-controller-manager', 'n1', 'control-plane', { ...ready('False'), containerStatuses: [{ state: { waiting: { reason: 'ErrImagePull' } } }] });
    await pod('kube-scheduler', 'n2', 'control-plane', ready('True'));
    await pod('kube-proxy', 'n1', 'node', ready('True'));
    const told = await truth.apiServer(signal);
    expect(told.kind === 'ready' ? told.pods.toSorted((a, b) => a.component.localeCompare(b.component)) : told).toEqual([
      { component: 'kube-controller-manager', image: 'registry.k8s.io/kube-controller-manager:v1.34.1', ready: false, why: 'ErrImagePull' },
      { component: 'kube-scheduler', image: 'registry.k8s.io/kube-scheduler:v1.34.1', ready: true, why: '' },
    ]);
  });

  test('is not ready while its datastore is away, though it tells its version', async () => {
    const away = () => Promise.reject(new Error('etcd is away'));
    const file = (path: string): string => files[`/etc/kubernetes/pki/${path}`] ?? '';
    const waiting = serveApi({ store: { get: away, list: away, put: away, remove: away }, version: 'v1.34.1', certificate: file('apiserver.crt'), key: file('apiserver.key'), clientCa: file('ca.crt') });
    await once(waiting.listen(0, '127.0.0.1'), 'listening');
    putApiManifest(portOf(waiting));
    expect(await truth.apiServer(signal)).toEqual({ kind: 'unready', why: 'its /readyz says 500' });
    waiting.close();
  });

  test('does not answer', async () => {
    putApiManifest(1);
    expect(await truth.apiServer(signal)).toEqual({ kind: 'unready', why: expect.stringMatching(/ECONNREFUSED/) as string });
  });

  test('is none', async () => {
    rmSync(at('/etc/kubernetes/manifests/kube-apiserver.yaml'));
    expect(await truth.apiServer(signal)).toEqual({ kind: 'none' });
  });
});

describe('the kubelet', () => {
  test('is healthy, is not, and is not there', async () => {
    expect(await truth.kubelet(signal)).toBe('');
    healthCode = 500;
    expect(await truth.kubelet(signal)).toBe('its /healthz says 500');
    put('/var/lib/kubelet/config.yaml', 'kind: KubeletConfiguration\nhealthzPort: 1\nhealthzBindAddress: 0.0.0.0\n');
    expect(await truth.kubelet(signal)).toMatch(/ECONNREFUSED 127\.0\.0\.1:1/);
    rmSync(at('/var/lib/kubelet/config.yaml'));
    expect(await truth.kubelet(signal)).toMatch(/ENOENT/);
  });

  test('is not asked where it is told not to listen', async () => {
    put('/var/lib/kubelet/config.yaml', 'kind: KubeletConfiguration\nhealthzPort: 0\n');
    expect(await truth.kubelet(signal)).toBe('');
  });
});

describe('an annotation of the node', () => {
  const KEY = 'kubeadm.alpha.kubernetes.io/cri-socket';
  const annotations = () => nodeAnnotations(at('/etc/kubernetes/kubelet.conf'));

  test('is set and taken away with the kubelet’s own credentials, and nothing beside it', async () => {
    await putObject('/registry/minions/n1', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1', annotations: { other: 'stays' } }, spec: {} });
    expect(await annotations().read(KEY, signal)).toEqual({ reached: true, value: null });
    expect(await annotations().write(KEY, 'unix:///run/containerd/containerd.sock', signal)).toBe('');
    expect(await annotations().read(KEY, signal)).toEqual({ reached: true, value: 'unix:///run/containerd/containerd.sock' });
    expect(await annotations().write(KEY, null, signal)).toBe('');
    expect(await annotations().read(KEY, signal)).toEqual({ reached: true, value: null });
    expect(await annotations().read('other', signal)).toEqual({ reached: true, value: 'stays' });
  });

  test('says why it cannot be read or written', async () => {
    await store.remove('/registry/minions/n1');
    expect(await annotations().read(KEY, signal)).toEqual({ reached: false, why: '/api/v1/nodes/n1 says 404' });
    expect(await annotations().write(KEY, 'x', signal)).toMatch(/says 404/);
    rmSync(at('/etc/kubernetes/kubelet.conf'));
    expect(await annotations().write(KEY, 'x', signal)).toMatch(/ENOENT/);
  });
});

test('a process is found by its program’s name, also behind an interpreter, and never mistaken for the next one', async () => {
  const name = `farrier-truth-${process.pid}`;
  const start = async (argv0: string, args: readonly string[]): Promise<ReturnType<typeof spawn>> => {
    const child = spawn('sleep', args, { argv0, stdio: 'ignore' });
    await once(child, 'spawn');
    return child;
  };
  const end = async (child: ReturnType<typeof spawn>): Promise<void> => {
    child.kill();
    await once(child, 'exit');
  };
  expect(await procProcesses.named(name)).toEqual([]);
  const first = await start(`/usr/bin/${name}`, ['100']);
  const [mark, ...more] = await procProcesses.named(name);
  expect([mark, more]).toEqual([expect.stringMatching(new RegExp(`^${first.pid}@\\d+$`)), []]);
  await end(first);
  const second = await start(name, ['100']);
  expect(await procProcesses.named(name)).not.toContain(mark);
  expect(await procProcesses.named(name)).toHaveLength(1);
  await end(second);
  put(`/${name}`, 'read line');
  const script = spawn('sh', [at(`/${name}`)], { stdio: ['pipe', 'ignore', 'ignore'] });
  await once(script, 'spawn');
  expect(await procProcesses.named(name)).toHaveLength(1);
  await end(script);
});
