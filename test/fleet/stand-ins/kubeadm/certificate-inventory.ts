import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';

import { reissue, type KeyedCertificate } from '../pki/certificates.ts';
import { base64 } from '../pki/kubeconfig.ts';
import { PKI } from '../pki/kubeadm-pki.ts';
import type { Component } from './static-pod-manifests.ts';

/** A certificate that kubeadm manages: a pair of files under /etc/kubernetes/pki, or inside a kubeconfig. */
interface Managed {
  /** As `kubeadm certs renew NAME` takes it. */
  readonly name: string;
  readonly place: { readonly pair: string } | { readonly kubeconfig: string };
  readonly ca: 'ca' | 'etcd/ca' | 'front-proxy-ca';
  readonly caName: 'ca' | 'etcd-ca' | 'front-proxy-ca';
  /** For messages. */
  readonly longName: string;
  /** The component whose upgrade renews it. */
  readonly renewedWith: Component | null;
}

/** In the order in which `kubeadm certs check-expiration` lists them. */
export const MANAGED: readonly Managed[] = [
  { name: 'admin.conf', place: { kubeconfig: 'admin.conf' }, ca: 'ca', caName: 'ca', longName: 'certificate embedded in the kubeconfig file for the admin to use and for kubeadm itself', renewedWith: null },
  { name: 'apiserver', place: { pair: 'apiserver' }, ca: 'ca', caName: 'ca', longName: 'certificate for serving the Kubernetes API', renewedWith: 'kube-apiserver' },
  { name: 'apiserver-etcd-client', place: { pair: 'apiserver-etcd-client' }, ca: 'etcd/ca', caName: 'etcd-ca', longName: 'certificate the apiserver uses to access etcd', renewedWith: 'kube-apiserver' },
  { name: 'apiserver-kubelet-client', place: { pair: 'apiserver-kubelet-client' }, ca: 'ca', caName: 'ca', longName: 'certificate for the API server to connect to kubelet', renewedWith: 'kube-apiserver' },
  { name: 'controller-manager.conf', place: { kubeconfig: 'controller-manager.conf' }, ca: 'ca', caName: 'ca', longName: 'certificate embedded in the kubeconfig file for the controller manager to use', renewedWith: 'kube-controller-manager' },
  { name: 'etcd-healthcheck-client', place: { pair: 'etcd/healthcheck-client' }, ca: 'etcd/ca', caName: 'etcd-ca', longName: 'certificate for liveness probes to healthcheck etcd', renewedWith: 'etcd' },
  { name: 'etcd-peer', place: { pair: 'etcd/peer' }, ca: 'etcd/ca', caName: 'etcd-ca', longName: 'certificate for etcd nodes to communicate with each other', renewedWith: 'etcd' },
  { name: 'etcd-server', place: { pair: 'etcd/server' }, ca: 'etcd/ca', caName: 'etcd-ca', longName: 'certificate for serving etcd', renewedWith: 'etcd' },
  { name: 'front-proxy-client', place: { pair: 'front-proxy-client' }, ca: 'front-proxy-ca', caName: 'front-proxy-ca', longName: 'certificate for the front proxy client', renewedWith: 'kube-apiserver' },
  { name: 'scheduler.conf', place: { kubeconfig: 'scheduler.conf' }, ca: 'ca', caName: 'ca', longName: 'certificate embedded in the kubeconfig file for the scheduler manager to use', renewedWith: 'kube-scheduler' },
  { name: 'super-admin.conf', place: { kubeconfig: 'super-admin.conf' }, ca: 'ca', caName: 'ca', longName: 'certificate embedded in the kubeconfig file for the super-admin', renewedWith: null },
];

interface Kubeconfig {
  readonly users: readonly { readonly user: { 'client-certificate-data': string; 'client-key-data': string } }[];
}

export function isThere({ place }: Managed): boolean {
  return existsSync(pathOf(place));
}

/** @returns false where the key of its authority is kept elsewhere. @throws where that key cannot be read */
export async function renew(one: Managed): Promise<boolean> {
  const { place } = one;
  const caKey = `${PKI}/${one.ca}.key`;
  if (!existsSync(caKey)) return false;
  const ca: KeyedCertificate = { certificate: readFileSync(`${PKI}/${one.ca}.crt`, 'utf8'), key: readFileSync(caKey, 'utf8') };
  if (!ca.key.includes('PRIVATE KEY')) {
    throw new Error(`failure loading ${one.ca} certificate authority: failed to load key: couldn't load the private key file ${caKey}: error reading private key file ${caKey}: data does not contain a valid RSA or ECDSA private key`);
  }
  const { certificate, key } = await reissue(ca, certificateOf(one));
  if ('pair' in place) {
    writeFileSync(pathOf(place), certificate);
    writeFileSync(pathOf(place).replace(/\.crt$/, '.key'), key, { mode: 0o600 });
    return true;
  }
  const config = parse(readFileSync(pathOf(place), 'utf8')) as Kubeconfig;
  for (const { user } of config.users) {
    user['client-certificate-data'] = base64(certificate);
    user['client-key-data'] = base64(key);
  }
  writeFileSync(pathOf(place), stringify(config, { lineWidth: 0 }), { mode: 0o600 });
  return true;
}

/** What `kubeadm certs check-expiration -o json` prints (output.kubeadm.k8s.io/v1alpha3, CertificateExpirationInfo). */
export function expirationInfo(now: Date): Readonly<Record<string, unknown>> {
  return {
    kind: 'CertificateExpirationInfo',
    apiVersion: 'output.kubeadm.k8s.io/v1alpha3',
    certificates: MANAGED.map((one) => (isThere(one)
      ? { name: one.name, ...expiry(certificateOf(one), now), externallyManaged: !existsSync(`${PKI}/${one.ca}.key`), caName: one.caName, missing: false }
      : { name: one.name, ...MISSING, externallyManaged: false, missing: true })),
    certificateAuthorities: (['ca', 'etcd/ca', 'front-proxy-ca'] as const).map((name) => ({
      name: name.replace('/', '-'), ...(existsSync(`${PKI}/${name}.crt`) ? expiry(readFileSync(`${PKI}/${name}.crt`, 'utf8'), now) : MISSING),
      externallyManaged: !existsSync(`${PKI}/${name}.key`), missing: !existsSync(`${PKI}/${name}.crt`),
    })),
  };
}

const MISSING = { expirationDate: null, residualTime: 0 };

/** The rest of its time is in seconds. */
function expiry(pem: string, now: Date): { readonly expirationDate: string; readonly residualTime: number } {
  const end = new X509Certificate(pem).validToDate;
  return { expirationDate: end.toISOString().replace(/\.\d+Z$/, 'Z'), residualTime: Math.trunc((end.getTime() - now.getTime()) / 1000) };
}

function certificateOf({ place }: Managed): string {
  const text = readFileSync(pathOf(place), 'utf8');
  if ('pair' in place) return text;
  const [first] = (parse(text) as Kubeconfig).users;
  return Buffer.from(first?.user['client-certificate-data'] ?? '', 'base64').toString('utf8');
}

function pathOf(place: Managed['place']): string {
  return 'pair' in place ? `${PKI}/${place.pair}.crt` : `/etc/kubernetes/${place.kubeconfig}`;
}
