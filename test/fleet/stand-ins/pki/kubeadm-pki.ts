import { issueLeaf, makeCa, makeSigningKey, type KeyedCertificate, type LeafOrder } from './certificates.ts';
import { formatKubeconfig } from './kubeconfig.ts';

/** Path to PEM or YAML, as files of a host. */
export type PkiFiles = Readonly<Record<string, string>>;

export const PKI = '/etc/kubernetes/pki';
/** Host name that every kubeconfig of the cluster dials; each host's /etc/hosts lists all control planes under it. */
export const ENDPOINT = 'cluster-endpoint';
export const CLUSTER = 'kubernetes';
export const KUBELET_CERTIFICATE = '/var/lib/kubelet/pki/kubelet-client-current.pem';

export interface ClusterAuthorities {
  readonly ca: KeyedCertificate;
  readonly frontProxyCa: KeyedCertificate;
  readonly etcdCa: KeyedCertificate;
  readonly signing: ReturnType<typeof makeSigningKey>;
}

export interface NodeName {
  readonly name: string;
  readonly address: string;
}

export async function makeAuthorities(): Promise<ClusterAuthorities> {
  return { ca: await makeCa('kubernetes'), frontProxyCa: await makeCa('front-proxy-ca'), etcdCa: await makeCa('etcd-ca'), signing: makeSigningKey() };
}

/** What `kubeadm join` leaves on a worker. */
export async function workerFiles({ ca }: ClusterAuthorities, node: NodeName, server = `https://${ENDPOINT}:6443`): Promise<PkiFiles> {
  const { certificate, key } = await issueLeaf(ca, { commonName: `system:node:${node.name}`, organisations: ['system:nodes'], usages: ['client'] });
  return {
    [`${PKI}/ca.crt`]: ca.certificate,
    [KUBELET_CERTIFICATE]: `${certificate}${key}`,
    '/etc/kubernetes/kubelet.conf': formatKubeconfig({ server, cluster: CLUSTER, user: `system:node:${node.name}`, caCertificate: ca.certificate, credentials: { file: KUBELET_CERTIFICATE } }),
  };
}

/** What `kubeadm init` or `join --control-plane` leaves: file names of https://kubernetes.io/docs/setup/best-practices/certificates/ */
export async function controlPlaneFiles(authorities: ClusterAuthorities, node: NodeName, isFirst: boolean): Promise<PkiFiles> {
  const { ca, frontProxyCa, etcdCa, signing } = authorities;
  const local = `https://${node.address}:6443`;
  const apiNames = [node.name, 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local', ENDPOINT, 'localhost', '10.96.0.1', node.address, '127.0.0.1'];
  const etcdNames = [node.name, 'localhost', node.address, '127.0.0.1', '::1'];
  const leaves: readonly (readonly [path: string, KeyedCertificate, LeafOrder])[] = [
    ['apiserver', ca, { commonName: 'kube-apiserver', names: apiNames, usages: ['server'] }],
    ['apiserver-kubelet-client', ca, { commonName: 'kube-apiserver-kubelet-client', organisations: ['kubeadm:cluster-admins'], usages: ['client'] }],
    ['apiserver-etcd-client', etcdCa, { commonName: 'kube-apiserver-etcd-client', usages: ['client'] }],
    ['front-proxy-client', frontProxyCa, { commonName: 'front-proxy-client', usages: ['client'] }],
    ['etcd/server', etcdCa, { commonName: node.name, names: etcdNames, usages: ['server', 'client'] }],
    ['etcd/peer', etcdCa, { commonName: node.name, names: etcdNames, usages: ['server', 'client'] }],
    ['etcd/healthcheck-client', etcdCa, { commonName: 'kube-etcd-healthcheck-client', usages: ['client'] }],
  ];
  const kubeconfigs: readonly (readonly [file: string, user: string, organisation: string | null, server: string])[] = [
    ['admin.conf', 'kubernetes-admin', 'kubeadm:cluster-admins', `https://${ENDPOINT}:6443`],
    ...(isFirst ? [['super-admin.conf', 'kubernetes-super-admin', 'system:masters', `https://${ENDPOINT}:6443`] as const] : []),
    ['controller-manager.conf', 'system:kube-controller-manager', null, local],
    ['scheduler.conf', 'system:kube-scheduler', null, local],
  ];
  const files: Record<string, string> = {
    ...(await workerFiles(authorities, node, local)),
    ...pair(`${PKI}/ca`, ca), ...pair(`${PKI}/front-proxy-ca`, frontProxyCa), ...pair(`${PKI}/etcd/ca`, etcdCa),
    [`${PKI}/sa.key`]: signing.privateKey, [`${PKI}/sa.pub`]: signing.publicKey,
  };
  for (const [path, authority, order] of leaves) Object.assign(files, pair(`${PKI}/${path}`, await issueLeaf(authority, order)));
  for (const [file, user, organisation, server] of kubeconfigs) {
    const credentials = await issueLeaf(ca, { commonName: user, ...(organisation === null ? {} : { organisations: [organisation] }), usages: ['client'] });
    files[`/etc/kubernetes/${file}`] = formatKubeconfig({ server, cluster: CLUSTER, user, caCertificate: ca.certificate, credentials });
  }
  return files;
}

function pair(path: string, { certificate, key }: KeyedCertificate): PkiFiles {
  return { [`${path}.crt`]: certificate, [`${path}.key`]: key };
}
