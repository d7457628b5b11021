import { createHash, createPublicKey, type KeyObject } from 'node:crypto';

/** An Ed25519 public key that somebody decided to trust. */
export interface TrustedKey {
  /** sha256 in hex of the SPKI in DER. */
  readonly keyid: string;
  readonly publicKey: KeyObject;
}

/** @throws where the bytes are not an Ed25519 public key (SPKI in DER). */
export function trustedKeyFromSpki(spki: Uint8Array): TrustedKey {
  return trustedKeyOf(createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }));
}

/** @throws where the text is not an Ed25519 public key in PEM. */
export function trustedKeyFromPem(pem: string): TrustedKey {
  return trustedKeyOf(createPublicKey({ key: pem, format: 'pem' }));
}

export function trustedKeyOf(publicKey: KeyObject): TrustedKey {
  if (publicKey.asymmetricKeyType !== 'ed25519') throw new Error(`not an Ed25519 key but ${publicKey.asymmetricKeyType ?? 'a secret'}`);
  return { keyid: createHash('sha256').update(spkiOf(publicKey)).digest('hex'), publicKey };
}

/** The key's SubjectPublicKeyInfo in DER: what key ids and pins are hashes of. */
export function spkiOf(publicKey: KeyObject): Buffer {
  return publicKey.export({ format: 'der', type: 'spki' });
}
