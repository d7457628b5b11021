import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { readDatastoreFacts, readEtcdSetup } from '../../../../agent/facts/etcd-setup.ts';
import { systemdEtcdHost } from '../../../../agent/adapters/etcd/systemd-etcd-host.ts';
import type { RunProgram } from '../../../../agent/ports/programs.ts';
import { hostFiles } from '../../../../agent/facts/host-files.ts';
import { staticPodManifest } from '../../../fleet/stand-ins/kubeadm/static-pod-manifests.ts';

let root: string;
beforeEach(() => { root = mkdtempSync(join(tmpdir(), 'farrier-setup-')); });
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
/** What systemd shows of etcd.service, which knows more of units than their files. */
let shown: readonly string[] = [];
const run: RunProgram = async () => ({ code: 0, stdout: ['LoadState=loaded', 'ExecStart={ path=/usr/bin/etcd ; argv[]=/usr/bin/etcd --wal-dir=/wal ; ignore_errors=no }', `Environment=${shown.join(' ')}`].join('\n'), stderr: '' });
const read = () => readEtcdSetup(hostFiles(root), systemdEtcdHost(run), new AbortController().signal);

const manifest = staticPodManifest('etcd', { version: 'v1.34.1', node: { name: 'cp1', address: '10.0.0.1' }, etcd: { initialCluster: 'cp1=https://10.0.0.1:2380', state: 'new' } });
const kubeadm = { runBy: { kind: 'kubelet' }, name: 'cp1', peerUrls: ['https://10.0.0.1:2380'], clientUrl: 'https://10.0.0.1:2379', dataDir: '/var/lib/etcd', walDir: '', place: { endpoint: 'https://127.0.0.1:2379' } };

test.each(['etcd.yaml', '.etcd.yaml.farrier-out'])('a member of kubeadm, with its manifest as %s', async (name) => {
  write(`/etc/kubernetes/manifests/${name}`, manifest);
  expect(await read()).toMatchObject(kubeadm);
});

const TLS = ['ETCD_TRUSTED_CA_FILE=/etc/etcd/ca.crt', 'ETCD_CERT_FILE=/etc/etcd/m.crt', 'ETCD_KEY_FILE=/etc/etcd/m.key'];
const URLS = ['ETCD_ADVERTISE_CLIENT_URLS=https://10.0.0.1:2379,https://10.0.0.9:2379', 'ETCD_INITIAL_ADVERTISE_PEER_URLS=https://10.0.0.1:2380,https://10.0.0.9:2380'];
const NAMED = ['ETCD_NAME=host1', 'ETCD_DATA_DIR=/var/lib/etcd/default'];

test('a member of etcd.service, by its variables and flags', async () => {
  write('/etc/systemd/system/etcd.service', '[Service]\n');
  shown = [...NAMED, ...TLS, ...URLS];
  expect(await read()).toEqual({
    runBy: { kind: 'unit', unit: 'etcd.service' }, name: 'host1', dataDir: '/var/lib/etcd/default', walDir: '/wal', clientUrl: 'https://10.0.0.1:2379', peerUrls: ['https://10.0.0.1:2380', 'https://10.0.0.9:2380'],
    place: { endpoint: 'https://10.0.0.1:2379', caFile: '/etc/etcd/ca.crt', certificateFile: '/etc/etcd/m.crt', keyFile: '/etc/etcd/m.key' },
  });
});

test.each([['without TLS', [...NAMED, ...URLS]], ['without addresses', [...NAMED, ...TLS]], ['without a folder', ['ETCD_NAME=host1', ...TLS, ...URLS]]])('of a member %s nothing is told', async (_what, variables) => {
  write('/etc/systemd/system/etcd.service', '[Service]\n');
  shown = variables;
  expect(await read()).toBeNull();
});

test('what a coordinator has to know: member and API server, and nothing that it would not believe', async () => {
  const facts = () => readDatastoreFacts(hostFiles(root), systemdEtcdHost(run), new AbortController().signal);
  expect(await facts()).toBeNull();
  write('/etc/kubernetes/manifests/etcd.yaml', manifest);
  write('/etc/kubernetes/manifests/.kube-apiserver.yaml.farrier-out', 'command:\n- kube-apiserver\n- --advertise-address=fd00::1\n- --secure-port=7443\n');
  expect(await facts()).toEqual({ member: { name: 'cp1', peerUrls: ['https://10.0.0.1:2380'], clientUrl: 'https://10.0.0.1:2379' }, apiServer: 'https://[fd00::1]:7443' });
  write('/etc/kubernetes/manifests/etcd.yaml', manifest.replace('--name=cp1', '--name=cp,1'));
  expect(await facts()).toMatchObject({ member: null });
});
