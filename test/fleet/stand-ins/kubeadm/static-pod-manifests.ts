import { stringify } from 'yaml';

import { parseKubeVersion } from '../version-info.ts';
import { componentFlags } from './component-flags.ts';
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

interface Mount {
  readonly name: string;
  readonly path: string;
  readonly type: 'DirectoryOrCreate' | 'FileOrCreate';
  readonly readOnly?: boolean;
}

const PORTS: Readonly<Record<Component, number>> = { 'etcd': 2381, 'kube-apiserver': 6443, 'kube-controller-manager': 10257, 'kube-scheduler': 10259 };
const CPU: Readonly<Record<Component, string>> = { 'etcd': '100m', 'kube-apiserver': '250m', 'kube-controller-manager': '200m', 'kube-scheduler': '100m' };
const CERTIFICATES: readonly Mount[] = [
  { name: 'ca-certs', path: '/etc/ssl/certs', type: 'DirectoryOrCreate' }, { name: 'etc-ca-certificates', path: '/etc/ca-certificates', type: 'DirectoryOrCreate' }, { name: 'k8s-certs', path: '/etc/kubernetes/pki', type: 'DirectoryOrCreate' },
];
const SHARED_CERTIFICATES: readonly Mount[] = [
  { name: 'usr-local-share-ca-certificates', path: '/usr/local/share/ca-certificates', type: 'DirectoryOrCreate' }, { name: 'usr-share-ca-certificates', path: '/usr/share/ca-certificates', type: 'DirectoryOrCreate' },
];
const VOLUME_PLUGINS: Mount = { name: 'flexvolume-dir', path: '/usr/libexec/kubernetes/kubelet-plugins/volume/exec', type: 'DirectoryOrCreate', readOnly: false };
const MOUNTS: Readonly<Record<Component, readonly Mount[]>> = {
  'etcd': [{ name: 'etcd-data', path: '/var/lib/etcd', type: 'DirectoryOrCreate', readOnly: false }, { name: 'etcd-certs', path: '/etc/kubernetes/pki/etcd', type: 'DirectoryOrCreate', readOnly: false }],
  'kube-apiserver': [...CERTIFICATES, ...SHARED_CERTIFICATES],
  'kube-controller-manager': [...CERTIFICATES.toSpliced(2, 0, VOLUME_PLUGINS), { name: 'kubeconfig', path: '/etc/kubernetes/controller-manager.conf', type: 'FileOrCreate' }, ...SHARED_CERTIFICATES],
  'kube-scheduler': [{ name: 'kubeconfig', path: '/etc/kubernetes/scheduler.conf', type: 'FileOrCreate' }],
};

/** A static pod manifest of one control plane, in YAML, as kubeadm writes it where nobody configured more. */
export function staticPodManifest(component: Component, parts: ManifestParts): string {
  const { version, node: { address } } = parts;
  const image = component === 'etcd' ? `registry.k8s.io/etcd:${releaseFacts(version).etcd}` : `registry.k8s.io/${component}:${version}`;
  const annotations = component === 'etcd' ? { 'kubeadm.kubernetes.io/etcd.advertise-client-urls': `https://${address}:2379` } : component === 'kube-apiserver' ? { 'kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint': `${address}:6443` } : null;
  const mounts = MOUNTS[component];
  return stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...(annotations === null ? {} : { annotations }), ...(writesNoTime(version) ? { creationTimestamp: null } : {}), labels: { component, tier: 'control-plane' }, name: component, namespace: 'kube-system' },
    spec: {
      containers: [{
        command: [component, ...componentFlags(component, parts)],
        image,
        imagePullPolicy: 'IfNotPresent',
        ...probes(component, version, address),
        name: component,
        ...(isNamedPort(version) ? { ports: [{ containerPort: PORTS[component], name: 'probe-port', protocol: 'TCP' }] } : {}),
        resources: { requests: { cpu: CPU[component], ...(component === 'etcd' ? { memory: '100Mi' } : {}) } },
        volumeMounts: mounts.map(({ name, path, readOnly = true }) => ({ mountPath: path, name, ...(readOnly ? { readOnly } : {}) })),
      }],
      hostNetwork: true,
      priority: 2000001000,
      priorityClassName: 'system-node-critical',
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
      volumes: mounts.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(({ name, path, type }) => ({ hostPath: { path, type }, name })),
    },
    status: {},
  }, { lineWidth: 0, indentSeq: false, sortMapEntries: true });
}

/** From 1.34 on probes name their port, which patches of older manifests stumble over (CHANGELOG-1.34). */
function isNamedPort(version: string): boolean {
  return parseKubeVersion(version).minor >= 34;
}

/** Up to 1.33 the field of no time is written out. */
function writesNoTime(version: string): boolean {
  return parseKubeVersion(version).minor < 34;
}

function probes(component: Component, version: string, address: string): Readonly<Record<string, unknown>> {
  const host = component === 'kube-apiserver' ? address : '127.0.0.1';
  const probe = (path: string, more: Readonly<Record<string, number>>) => ({ failureThreshold: more['failureThreshold'], httpGet: { host, path, port: isNamedPort(version) ? 'probe-port' : PORTS[component], scheme: component === 'etcd' ? 'HTTP' : 'HTTPS' }, ...more });
  const slow = { initialDelaySeconds: 10, periodSeconds: 10, timeoutSeconds: 15 };
  const isHealthz = component === 'kube-controller-manager';
  return {
    livenessProbe: probe(isHealthz ? '/healthz' : '/livez', { failureThreshold: 8, ...slow }),
    ...(isHealthz ? {} : { readinessProbe: probe('/readyz', { failureThreshold: 3, periodSeconds: 1, timeoutSeconds: 15 }) }),
    startupProbe: probe(isHealthz ? '/healthz' : component === 'etcd' ? '/readyz' : '/livez', { failureThreshold: 24, ...slow }),
  };
}
