import { expect, test } from 'vitest';

import { localEtcd } from '../../../../agent/core/etcd-places.ts';

test.each([
  ['kubeadm', '/etc/kubernetes/pki/etcd/ca.crt', '/etc/kubernetes/pki/etcd/healthcheck-client.crt', '/etc/kubernetes/pki/etcd/healthcheck-client.key', '/var/lib/etcd'],
  ['k3s', '/var/lib/rancher/k3s/server/tls/etcd/server-ca.crt', '/var/lib/rancher/k3s/server/tls/etcd/client.crt', '/var/lib/rancher/k3s/server/tls/etcd/client.key', '/var/lib/rancher/k3s/server/db/etcd'],
  ['rke2', '/var/lib/rancher/rke2/server/tls/etcd/server-ca.crt', '/var/lib/rancher/rke2/server/tls/etcd/client.crt', '/var/lib/rancher/rke2/server/tls/etcd/client.key', '/var/lib/rancher/rke2/server/db/etcd'],
] as const)('%s', (installation, caFile, certificateFile, keyFile, dataDir) => {
  expect(localEtcd(installation)).toEqual({ endpoint: 'https://127.0.0.1:2379', caFile, certificateFile, keyFile, dataDir });
});

test('K3s may keep all of it elsewhere; of kubeadm only the data moves', () => {
  expect(localEtcd('k3s', '/data/k3s')).toMatchObject({ keyFile: '/data/k3s/server/tls/etcd/client.key', dataDir: '/data/k3s/server/db/etcd' });
  expect(localEtcd('kubeadm', '/data/etcd')).toMatchObject({ keyFile: '/etc/kubernetes/pki/etcd/healthcheck-client.key', dataDir: '/data/etcd' });
});
