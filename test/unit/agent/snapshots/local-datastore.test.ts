import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { hostFiles } from '../../../../agent/facts/host-files.ts';
import { findDatastore } from '../../../../agent/snapshots/local-datastore.ts';
import type { K3sFacts, KubeadmFacts, KubernetesFacts } from '../../../../shared/domain/host-facts.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'farrier-datastore-'));
});
afterEach(() => rmSync(root, { recursive: true }));

/** As systemd shows etcd.service. */
const UNIT = new Map(Object.entries({ name: 'db-1', 'data-dir': '/srv/etcd', 'advertise-client-urls': 'https://10.0.0.1:2379', 'initial-advertise-peer-urls': 'https://10.0.0.1:2380', 'trusted-ca-file': '/srv/pki/ca.crt', 'cert-file': '/srv/pki/server.crt', 'key-file': '/srv/pki/server.key' }).map(([flag, value]) => [flag, { value, from: 'etcd.service' }]));
const find = async (kubernetes: Partial<KubernetesFacts> | null) =>
  await findDatastore({ kubernetes: kubernetes as KubernetesFacts | null }, hostFiles(root), { unit: async () => ({ binary: '/usr/bin/etcd', flags: [], settings: UNIT }) }, new AbortController().signal);
const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};
const kubeadm = (etcd: KubeadmFacts['etcd']): Partial<KubernetesFacts> => ({ kind: 'kubeadm', etcd });
const k3s = (datastore: K3sFacts['datastore'], role: K3sFacts['role'] = 'server'): Partial<KubernetesFacts> => ({ kind: 'k3s', role, datastore, version: 'v1.34.2+k3s1' });

test('etcd of kubeadm, of K3s and of RKE2, wherever their data lies', async () => {
  expect(await find(kubeadm({ kind: 'stacked', version: '3.5.21-0', experimentalFlags: [] }))).toMatchObject({ ok: true, datastore: { kind: 'etcd', installation: 'kubeadm', etcd: { caFile: '/etc/kubernetes/pki/etcd/ca.crt' } } });
  expect(await find(k3s('etcd'))).toMatchObject({ ok: true, datastore: { installation: 'k3s', etcd: { keyFile: '/var/lib/rancher/k3s/server/tls/etcd/client.key' } } });
  write('/etc/rancher/k3s/config.yaml', 'data-dir: /data/k3s\n');
  expect(await find(k3s('etcd'))).toMatchObject({ datastore: { etcd: { keyFile: '/data/k3s/server/tls/etcd/client.key' } } });
  write('/var/lib/rancher/rke2/server/db/etcd/name', 'n');
  expect(await find(null)).toMatchObject({ ok: true, datastore: { installation: 'rke2', etcd: { caFile: '/var/lib/rancher/rke2/server/tls/etcd/server-ca.crt' } } });
});

test('etcd that a person runs, beside a control plane that has its etcd elsewhere or with none', async () => {
  write('/etc/systemd/system/etcd.service', '[Service]\n');
  const expected = { ok: true, datastore: { kind: 'etcd', installation: 'unit', etcd: { endpoint: 'https://10.0.0.1:2379', caFile: '/srv/pki/ca.crt', certificateFile: '/srv/pki/server.crt', keyFile: '/srv/pki/server.key', dataDir: '/srv/etcd' } } };
  expect(await find(null)).toEqual(expected);
  expect(await find(kubeadm({ kind: 'external' }))).toEqual(expected);
  expect(await find(k3s('sqlite'))).toMatchObject({ datastore: { kind: 'sqlite' } });
});

test('SQLite of K3s', async () => {
  expect(await find(k3s('sqlite'))).toEqual({ ok: true, datastore: { kind: 'sqlite', server: '/var/lib/rancher/k3s/server', version: 'v1.34.2+k3s1' } });
  write('/etc/systemd/system/k3s.service', '[Service]\nExecStart=/usr/local/bin/k3s server --data-dir /data/k3s\n');
  expect(await find(k3s('sqlite'))).toMatchObject({ datastore: { server: '/data/k3s/server' } });
});

test.each<[string, Partial<KubernetesFacts> | null, string]>([
  ['a worker of kubeadm', kubeadm({ kind: 'none' }), 'no-datastore'],
  ['a control plane with its etcd elsewhere', kubeadm({ kind: 'external' }), 'external-datastore'],
  ['an agent of K3s', k3s('none', 'agent'), 'no-datastore'],
  ['a server of K3s that has not begun', k3s('none'), 'no-datastore'],
  ['a server of K3s with a database elsewhere', k3s('external'), 'external-datastore'],
  ['a host without Kubernetes', null, 'no-datastore'],
])('%s keeps none', async (_what, kubernetes, code) => {
  expect(await find(kubernetes)).toMatchObject({ ok: false, code, message: expect.stringMatching(/^there is nothing to take a snapshot of.*; take snapshots /) });
});
