import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { readEtcdSetup } from '../../../../agent/facts/etcd-setup.ts';
import { hostFiles } from '../../../../agent/facts/host-files.ts';
import { staticPodManifest } from '../../../fleet/stand-ins/kubeadm/static-pod-manifests.ts';

let root: string;
beforeEach(() => { root = mkdtempSync(join(tmpdir(), 'farrier-setup-')); });
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
const read = () => readEtcdSetup(hostFiles(root), 'host1');

const manifest = staticPodManifest('etcd', { version: 'v1.34.1', node: { name: 'cp1', address: '10.0.0.1' }, etcd: { initialCluster: 'cp1=https://10.0.0.1:2380', state: 'new' } });
const kubeadm = { runBy: { kind: 'kubelet' }, name: 'cp1', peerUrls: ['https://10.0.0.1:2380'], clientUrl: 'https://10.0.0.1:2379', dataDir: '/var/lib/etcd', walDir: '', place: { endpoint: 'https://127.0.0.1:2379' } };

test.each(['etcd.yaml', '.etcd.yaml.farrier-out'])('a member of kubeadm, with its manifest as %s', (name) => {
  write(`/etc/kubernetes/manifests/${name}`, manifest);
  expect(read()).toMatchObject(kubeadm);
});

const UNIT = `[Service]
Environment=ETCD_DATA_DIR=/var/lib/etcd/default
Environment="ETCD_NAME=%H"
EnvironmentFile=-/etc/default/etcd
ExecStart=/usr/bin/etcd --wal-dir=/wal
`;
const TLS = 'ETCD_TRUSTED_CA_FILE=/etc/etcd/ca.crt\nETCD_CERT_FILE=/etc/etcd/m.crt\nETCD_KEY_FILE=/etc/etcd/m.key\n';
const URLS = 'ETCD_ADVERTISE_CLIENT_URLS="https://10.0.0.1:2379,https://10.0.0.9:2379"\nETCD_INITIAL_ADVERTISE_PEER_URLS="https://10.0.0.1:2380,https://10.0.0.9:2380"\n# ETCD_NAME=commented\n';

test('a member of etcd.service, by its variables and flags', () => {
  write('/etc/systemd/system/etcd.service', UNIT);
  write('/etc/default/etcd', TLS + URLS);
  expect(read()).toEqual({
    runBy: { kind: 'unit', unit: 'etcd.service' }, name: 'host1', dataDir: '/var/lib/etcd/default', walDir: '/wal', clientUrl: 'https://10.0.0.1:2379', peerUrls: ['https://10.0.0.1:2380', 'https://10.0.0.9:2380'],
    place: { endpoint: 'https://10.0.0.1:2379', caFile: '/etc/etcd/ca.crt', certificateFile: '/etc/etcd/m.crt', keyFile: '/etc/etcd/m.key' },
  });
});

test.each([['nothing', ''], ['no TLS', URLS], ['no addresses', TLS], ['a file of its own', `${TLS}${URLS}ETCD_CONFIG_FILE=/etc/etcd.yml\n`]])('of %s nothing is told', (_what, text) => {
  if (text !== '') write('/etc/systemd/system/etcd.service', UNIT);
  write('/etc/default/etcd', text);
  expect(read()).toBeNull();
});
