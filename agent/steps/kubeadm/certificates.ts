import { join } from 'node:path';

import type { KubeadmPlaces } from './kubeadm-places.ts';
import { parseObject } from './upgrade-plan.ts';

/** A certificate of kubeadm's: what holds it, and the static pod that reads it at its start. */
export interface Certificate {
  readonly files: readonly string[];
  /** null: it is read by programs that people start. */
  readonly usedBy: StaticPod | null;
}

/** In the order in which they are restarted. */
export const STATIC_PODS = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const;
export type StaticPod = (typeof STATIC_PODS)[number];

/**
 * What `kubeadm certs renew` can renew, and where it lies. None of it is the kubelet's: that one renews its own.
 * https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/kubeadm-certs/ ; etcd's health check reads no file since 1.17.
 */
const CERTIFICATES: Readonly<Record<string, Certificate>> = {
  'admin.conf': { files: ['admin.conf'], usedBy: null },
  'super-admin.conf': { files: ['super-admin.conf'], usedBy: null },
  apiserver: { files: ['pki/apiserver.crt', 'pki/apiserver.key'], usedBy: 'kube-apiserver' },
  'apiserver-etcd-client': { files: ['pki/apiserver-etcd-client.crt', 'pki/apiserver-etcd-client.key'], usedBy: 'kube-apiserver' },
  'apiserver-kubelet-client': { files: ['pki/apiserver-kubelet-client.crt', 'pki/apiserver-kubelet-client.key'], usedBy: 'kube-apiserver' },
  'controller-manager.conf': { files: ['controller-manager.conf'], usedBy: 'kube-controller-manager' },
  'etcd-healthcheck-client': { files: ['pki/etcd/healthcheck-client.crt', 'pki/etcd/healthcheck-client.key'], usedBy: null },
  'etcd-peer': { files: ['pki/etcd/peer.crt', 'pki/etcd/peer.key'], usedBy: 'etcd' },
  'etcd-server': { files: ['pki/etcd/server.crt', 'pki/etcd/server.key'], usedBy: 'etcd' },
  'front-proxy-client': { files: ['pki/front-proxy-client.crt', 'pki/front-proxy-client.key'], usedBy: 'kube-apiserver' },
  'scheduler.conf': { files: ['scheduler.conf'], usedBy: 'kube-scheduler' },
};

export function certificateNamed(name: string): Certificate | null {
  return Object.hasOwn(CERTIFICATES, name) ? (CERTIFICATES[name] ?? null) : null;
}

export function filesOf(names: readonly string[], { kubernetes }: KubeadmPlaces): readonly string[] {
  return names.flatMap((name) => certificateNamed(name)?.files ?? []).map((file) => join(kubernetes, file));
}

export function usersOf(names: readonly string[]): readonly StaticPod[] {
  const users = names.map((name) => certificateNamed(name)?.usedBy);
  return STATIC_PODS.filter((pod) => users.includes(pod));
}

/** One line of `kubeadm certs check-expiration -o json`. */
export interface Expiry {
  readonly name: string;
  readonly expiresUnixMs: number;
  /** Its authority's key is not on this host: kubeadm cannot renew it. */
  readonly external: boolean;
  readonly missing: boolean;
}

interface ExpirationOutput {
  readonly certificates?: { readonly name?: string; readonly expirationDate?: string; readonly externallyManaged?: boolean; readonly missing?: boolean }[];
}

/** CertificateExpirationInfo of output.kubeadm.k8s.io; its authorities are left out. @returns null where it is none. */
export function parseExpiration(stdout: string): readonly Expiry[] | null {
  const output = parseObject(stdout) as ExpirationOutput | null;
  if (!Array.isArray(output?.certificates)) return null;
  const found = output.certificates.map(({ name = '', expirationDate = '', externallyManaged, missing }) => ({
    name,
    expiresUnixMs: Date.parse(expirationDate) || 0,
    external: externallyManaged === true,
    missing: missing === true,
  }));
  return found.every(({ name, expiresUnixMs, missing }) => name !== '' && (missing || expiresUnixMs > 0)) ? found : null;
}
