import { parseKubeVersion } from '../version-info.ts';
import type { Component, ManifestParts } from './static-pod-manifests.ts';

const PKI = '/etc/kubernetes/pki';
const [CONTROLLERS, SCHEDULER] = ['/etc/kubernetes/controller-manager.conf', '/etc/kubernetes/scheduler.conf'];

/** The words after a component's name in its manifest, sorted as kubeadm sorts them. */
export function componentFlags(component: Component, { version, node: { name, address }, etcd }: ManifestParts): readonly string[] {
  switch (component) {
    case 'etcd': return etcdFlags(name, address, etcd, parseKubeVersion(version).minor >= 34);
    case 'kube-apiserver': return [
      `--advertise-address=${address}`, '--allow-privileged=true', '--authorization-mode=Node,RBAC', `--client-ca-file=${PKI}/ca.crt`, '--enable-admission-plugins=NodeRestriction', '--enable-bootstrap-token-auth=true',
      `--etcd-cafile=${PKI}/etcd/ca.crt`, `--etcd-certfile=${PKI}/apiserver-etcd-client.crt`, `--etcd-keyfile=${PKI}/apiserver-etcd-client.key`, '--etcd-servers=https://127.0.0.1:2379',
      `--kubelet-client-certificate=${PKI}/apiserver-kubelet-client.crt`, `--kubelet-client-key=${PKI}/apiserver-kubelet-client.key`, '--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname',
      `--proxy-client-cert-file=${PKI}/front-proxy-client.crt`, `--proxy-client-key-file=${PKI}/front-proxy-client.key`, '--requestheader-allowed-names=front-proxy-client', `--requestheader-client-ca-file=${PKI}/front-proxy-ca.crt`,
      '--requestheader-extra-headers-prefix=X-Remote-Extra-', '--requestheader-group-headers=X-Remote-Group', '--requestheader-username-headers=X-Remote-User', '--secure-port=6443',
      '--service-account-issuer=https://kubernetes.default.svc.cluster.local', `--service-account-key-file=${PKI}/sa.pub`, `--service-account-signing-key-file=${PKI}/sa.key`, '--service-cluster-ip-range=10.96.0.0/12',
      `--tls-cert-file=${PKI}/apiserver.crt`, `--tls-private-key-file=${PKI}/apiserver.key`,
    ];
    case 'kube-controller-manager': return [
      `--authentication-kubeconfig=${CONTROLLERS}`, `--authorization-kubeconfig=${CONTROLLERS}`, '--bind-address=127.0.0.1', `--client-ca-file=${PKI}/ca.crt`, '--cluster-name=kubernetes',
      `--cluster-signing-cert-file=${PKI}/ca.crt`, `--cluster-signing-key-file=${PKI}/ca.key`, '--controllers=*,bootstrapsigner,tokencleaner', `--kubeconfig=${CONTROLLERS}`, '--leader-elect=true',
      `--requestheader-client-ca-file=${PKI}/front-proxy-ca.crt`, `--root-ca-file=${PKI}/ca.crt`, `--service-account-private-key-file=${PKI}/sa.key`, '--use-service-account-credentials=true',
    ];
    case 'kube-scheduler': return [`--authentication-kubeconfig=${SCHEDULER}`, `--authorization-kubeconfig=${SCHEDULER}`, '--bind-address=127.0.0.1', `--kubeconfig=${SCHEDULER}`, '--leader-elect=true'];
  }
}

function etcdFlags(name: string, address: string, { initialCluster, state }: ManifestParts['etcd'], isNew: boolean): readonly string[] {
  return [
    `--advertise-client-urls=https://${address}:2379`, `--cert-file=${PKI}/etcd/server.crt`, '--client-cert-auth=true', '--data-dir=/var/lib/etcd',
    ...(isNew ? ['--feature-gates=InitialCorruptCheck=true'] : ['--experimental-initial-corrupt-check=true', '--experimental-watch-progress-notify-interval=5s']),
    `--initial-advertise-peer-urls=https://${address}:2380`, `--initial-cluster=${initialCluster}`, ...(state === 'existing' ? ['--initial-cluster-state=existing'] : []),
    `--key-file=${PKI}/etcd/server.key`, `--listen-client-urls=https://127.0.0.1:2379,https://${address}:2379`, '--listen-metrics-urls=http://127.0.0.1:2381', `--listen-peer-urls=https://${address}:2380`,
    `--name=${name}`, `--peer-cert-file=${PKI}/etcd/peer.crt`, '--peer-client-cert-auth=true', `--peer-key-file=${PKI}/etcd/peer.key`, `--peer-trusted-ca-file=${PKI}/etcd/ca.crt`,
    '--snapshot-count=10000', `--trusted-ca-file=${PKI}/etcd/ca.crt`, ...(isNew ? ['--watch-progress-notify-interval=5s'] : []),
  ];
}
