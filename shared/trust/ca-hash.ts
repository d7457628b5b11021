import { createHash, type X509Certificate } from 'node:crypto';

import { spkiOf } from './trusted-key.ts';

/** `sha256:<hex>` of the CA's public key, as `kubeadm join --discovery-token-ca-cert-hash`: it outlives a renewed CA certificate. */
export function caHashOf(ca: X509Certificate): string {
  return `sha256:${createHash('sha256').update(spkiOf(ca.publicKey)).digest('hex')}`;
}

export const CA_HASH_PATTERN = /^sha256:[0-9a-f]{64}$/;
