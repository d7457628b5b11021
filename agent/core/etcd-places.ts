import type { EtcdPlace } from '../ports/etcd.ts';

/** Who runs etcd on a host, and thereby where things lie. */
export type EtcdInstallation = 'kubeadm' | 'k3s' | 'rke2';

/** A member on this host: where to ask it, and where its data lies. */
export interface LocalEtcd extends EtcdPlace {
  readonly dataDir: string;
}

/** All of them listen here, whatever else they listen on. */
const ENDPOINT = 'https://127.0.0.1:2379';

const DATA_DIRS: Readonly<Record<EtcdInstallation, string>> = { kubeadm: '/var/lib/etcd', k3s: '/var/lib/rancher/k3s', rke2: '/var/lib/rancher/rke2' };

/**
 * Where the installation keeps its member's client certificate and data.
 * kubeadm: cmd/kubeadm/app/constants/constants.go; K3s: docs.k3s.io/advanced#using-etcdctl, and RKE2, which is made of it.
 *
 * @param dataDir what K3s or RKE2 was started with as `--data-dir`, or kubeadm's etcd
 */
export function localEtcd(installation: EtcdInstallation, dataDir = DATA_DIRS[installation]): LocalEtcd {
  if (installation === 'kubeadm') {
    const pki = '/etc/kubernetes/pki/etcd';
    return { endpoint: ENDPOINT, caFile: `${pki}/ca.crt`, certificateFile: `${pki}/healthcheck-client.crt`, keyFile: `${pki}/healthcheck-client.key`, dataDir };
  }
  const tls = `${dataDir}/server/tls/etcd`;
  return { endpoint: ENDPOINT, caFile: `${tls}/server-ca.crt`, certificateFile: `${tls}/client.crt`, keyFile: `${tls}/client.key`, dataDir: `${dataDir}/server/db/etcd` };
}
