import { stringify } from 'yaml';

import { parseKubeVersion } from '../version-info.ts';
import { releaseFacts } from './release-facts.ts';

export const MANIFESTS = '/etc/kubernetes/manifests';
/** In the order of an upgrade, etcd aside, which goes first. */
export const CONTROL_PLANE_COMPONENTS = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const;
export type Component = (typeof CONTROL_PLANE_COMPONENTS)[number] | 'etcd';

export interface ManifestParts {
  /** `v1.34.1` */
  readonly version: string;
  readonly node: { readonly name: string; readonly address: string };
  /** Members of etcd as `name=https://address:2380`, this one's last, and whether it founds the cluster. */
  readonly etcd: { readonly initialCluster: string; readonly state: 'new' | 'existing' };
}

/** Static pod manifests of one control plane, in YAML, as far as `kubeadm init` would write them. */
export function staticPodManifest(component: Component, parts: ManifestParts): string {
  const { version, node: { address } } = parts;
  const image = component === 'etcd' ? `registry.k8s.io/etcd:${releaseFacts(version).etcd}` : `registry.k8s.io/${component}:${version}`;
  const port = { 'etcd': 2381, 'kube-apiserver': 6443, 'kube-controller-manager': 10257, 'kube-scheduler': 10259 }[component];
  const annotation = component === 'etcd' ? { 'kubeadm.kubernetes.io/etcd.advertise-client-urls': `https://${address}:2379` } : component === 'kube-apiserver' ? { 'kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint': `${address}:6443` } : null;
  return stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...(annotation === null ? {} : { annotations: annotation }), labels: { component, tier: 'control-plane' }, name: component, namespace: 'kube-system' },
    spec: {
      containers: [{
        command: [component, ...flagsOf(component, parts)],
        image,
        imagePullPolicy: 'IfNotPresent',
        livenessProbe: { failureThreshold: 8, httpGet: { host: component === 'kube-apiserver' ? address : '127.0.0.1', path: component === 'etcd' ? '/health?exclude=NOSPACE&serializable=true' : '/livez', port, scheme: component === 'etcd' ? 'HTTP' : 'HTTPS' }, initialDelaySeconds: 10, periodSeconds: 10, timeoutSeconds: 15 },
        name: component,
        resources: { requests: { cpu: '100m' } },
      }],
      hostNetwork: true,
      priority: 2000001000,
      priorityClassName: 'system-node-critical',
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
    },
    status: {},
  }, { lineWidth: 0 });
}

function flagsOf(component: Component, { version, node: { name, address }, etcd }: ManifestParts): readonly string[] {
  const pki = '/etc/kubernetes/pki';
  switch (component) {
    case 'etcd': {
      const isNew = parseKubeVersion(version).minor >= 34;
      return [
        `--advertise-client-urls=https://${address}:2379`, `--cert-file=${pki}/etcd/server.crt`, '--client-cert-auth=true', '--data-dir=/var/lib/etcd',
        ...(isNew ? ['--feature-gates=InitialCorruptCheck=true'] : ['--experimental-initial-corrupt-check=true', '--experimental-watch-progress-notify-interval=5s']),
        `--initial-advertise-peer-urls=https://${address}:2380`, `--initial-cluster=${etcd.initialCluster}`, ...(etcd.state === 'existing' ? ['--initial-cluster-state=existing'] : []),
        `--key-file=${pki}/etcd/server.key`, `--listen-client-urls=https://127.0.0.1:2379,https://${address}:2379`, '--listen-metrics-urls=http://127.0.0.1:2381', `--listen-peer-urls=https://${address}:2380`,
        `--name=${name}`, `--peer-cert-file=${pki}/etcd/peer.crt`, '--peer-client-cert-auth=true', `--peer-key-file=${pki}/etcd/peer.key`, `--peer-trusted-ca-file=${pki}/etcd/ca.crt`,
        '--snapshot-count=10000', `--trusted-ca-file=${pki}/etcd/ca.crt`, ...(isNew ? ['--watch-progress-notify-interval=5s'] : []),
      ];
    }
    case 'kube-apiserver': return [
      `--advertise-address=${address}`, '--allow-privileged=true', '--authorization-mode=Node,RBAC', `--client-ca-file=${pki}/ca.crt`, '--enable-admission-plugins=NodeRestriction', '--enable-bootstrap-token-auth=true',
      `--etcd-cafile=${pki}/etcd/ca.crt`, `--etcd-certfile=${pki}/apiserver-etcd-client.crt`, `--etcd-keyfile=${pki}/apiserver-etcd-client.key`, '--etcd-servers=https://127.0.0.1:2379',
      `--kubelet-client-certificate=${pki}/apiserver-kubelet-client.crt`, `--kubelet-client-key=${pki}/apiserver-kubelet-client.key`, '--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname',
      `--proxy-client-cert-file=${pki}/front-proxy-client.crt`, `--proxy-client-key-file=${pki}/front-proxy-client.key`, '--requestheader-allowed-names=front-proxy-client', `--requestheader-client-ca-file=${pki}/front-proxy-ca.crt`,
      '--secure-port=6443', '--service-account-issuer=https://kubernetes.default.svc.cluster.local', `--service-account-key-file=${pki}/sa.pub`, `--service-account-signing-key-file=${pki}/sa.key`,
      '--service-cluster-ip-range=10.96.0.0/12', `--tls-cert-file=${pki}/apiserver.crt`, `--tls-private-key-file=${pki}/apiserver.key`,
    ];
    case 'kube-controller-manager': return [
      '--authentication-kubeconfig=/etc/kubernetes/controller-manager.conf', '--authorization-kubeconfig=/etc/kubernetes/controller-manager.conf', '--bind-address=127.0.0.1', `--client-ca-file=${pki}/ca.crt`, '--cluster-name=kubernetes',
      '--controllers=*,bootstrapsigner,tokencleaner', '--kubeconfig=/etc/kubernetes/controller-manager.conf', '--leader-elect=true', `--root-ca-file=${pki}/ca.crt`, '--use-service-account-credentials=true',
    ];
    case 'kube-scheduler': return ['--authentication-kubeconfig=/etc/kubernetes/scheduler.conf', '--authorization-kubeconfig=/etc/kubernetes/scheduler.conf', '--bind-address=127.0.0.1', '--kubeconfig=/etc/kubernetes/scheduler.conf', '--leader-elect=true'];
  }
}
