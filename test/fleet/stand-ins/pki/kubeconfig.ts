import { stringify } from 'yaml';

import type { KeyedCertificate } from './certificates.ts';

export interface KubeconfigParts {
  readonly server: string;
  readonly cluster: string;
  readonly user: string;
  readonly caCertificate: string;
  /** Embedded, or the one file that holds certificate and key, as kubelets have it. */
  readonly credentials: KeyedCertificate | { readonly file: string };
}

/** YAML in the form that kubeadm writes. */
export function formatKubeconfig({ server, cluster, user, caCertificate, credentials }: KubeconfigParts): string {
  const context = `${user}@${cluster}`;
  return stringify({
    apiVersion: 'v1',
    clusters: [{ cluster: { 'certificate-authority-data': base64(caCertificate), server }, name: cluster }],
    contexts: [{ context: { cluster, user }, name: context }],
    'current-context': context,
    kind: 'Config',
    preferences: {},
    users: [{
      name: user,
      user: 'file' in credentials
        ? { 'client-certificate': credentials.file, 'client-key': credentials.file }
        : { 'client-certificate-data': base64(credentials.certificate), 'client-key-data': base64(credentials.key) },
    }],
  }, { lineWidth: 0 });
}

export function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
