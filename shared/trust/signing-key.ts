import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';

import { trustedKeyOf, type TrustedKey } from './trusted-key.ts';

/** An Ed25519 key pair that signs envelopes. */
export interface SigningKey extends TrustedKey {
  readonly privateKey: KeyObject;
}

export function generateSigningKey(): SigningKey {
  return signingKeyOf(generateKeyPairSync('ed25519').privateKey);
}

/** @param pem PKCS #8. @throws where it holds no Ed25519 private key. */
export function signingKeyFromPem(pem: string): SigningKey {
  return signingKeyOf(createPrivateKey({ key: pem, format: 'pem' }));
}

/** PKCS #8 in PEM: a secret, for a file of mode 0600. */
export function signingKeyToPem(key: SigningKey): string {
  return key.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
}

function signingKeyOf(privateKey: KeyObject): SigningKey {
  return { ...trustedKeyOf(createPublicKey(privateKey)), privateKey };
}
