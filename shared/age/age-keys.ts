import { createHash, createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from 'node:crypto';

import type { Digest } from '../domain/ids.ts';
import { type Failure, failure } from '../trust/failure.ts';
import type { Stanza } from './age-stanza.ts';
import { type Bech32Failure, decodeBech32, encodeBech32 } from './bech32.ts';

/** Whoever can open what is sealed for it (https://c2sp.org/age, the X25519 recipient type). */
export interface Recipient {
  /** `age1...` */
  readonly text: string;
  readonly publicKey: KeyObject;
  /** The 32 bytes of the public key. */
  readonly bytes: Buffer;
  /** sha256 of those bytes. */
  readonly fingerprint: Digest;
}

/** The secret half of a recipient. */
export interface Identity {
  readonly privateKey: KeyObject;
  readonly recipient: Recipient;
  /** Of file keys that were wrapped for it after their files were sealed: they are tried as if they stood in the file. */
  readonly beside?: readonly Stanza[];
}

/** `wrong-kind`: a key, but not of this kind. `weak-key`: whatever is sealed for it, everybody can open. */
export type KeyFailure = Bech32Failure | Failure<'wrong-kind' | 'wrong-length' | 'weak-key'>;

const RECIPIENT_PREFIX = 'age';
const IDENTITY_PREFIX = 'age-secret-key-';
const KEY_BYTES = 32;
/** PKCS #8 of an X25519 private key (RFC 8410) before its 32 bytes: node:crypto takes no bare ones. */
const PKCS8_START = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** @param text `age1...`. No message repeats it. */
export function parseRecipient(text: string): { readonly ok: true; readonly recipient: Recipient } | KeyFailure {
  const decoded = decodeBech32(text);
  if (!decoded.ok) return decoded;
  if (decoded.prefix === IDENTITY_PREFIX) return failure('wrong-kind', 'it is a secret key, which belongs on no host that takes snapshots: give its public half, age1..., and make a new pair if this one has been seen');
  if (decoded.prefix !== RECIPIENT_PREFIX) return failure('wrong-kind', `it is a key of the kind ${JSON.stringify(decoded.prefix)}: only X25519 keys are known here, age1...`);
  const { bytes } = decoded;
  if (bytes.length !== KEY_BYTES) return failure('wrong-length', `its key has ${bytes.length} bytes and not ${KEY_BYTES}`);
  const recipient = recipientOf(publicKeyOf(bytes));
  return isWeak(recipient) ? failure('weak-key', 'it is a point of low order, so that everybody can open what is sealed for it: make a new pair') : { ok: true, recipient };
}

/** @param text `AGE-SECRET-KEY-1...`. No message repeats it. */
export function parseIdentity(text: string): { readonly ok: true; readonly identity: Identity } | KeyFailure {
  const decoded = decodeBech32(text);
  if (!decoded.ok) return decoded;
  if (decoded.prefix === RECIPIENT_PREFIX) return failure('wrong-kind', 'it is a public key: give the secret one, AGE-SECRET-KEY-1...');
  if (decoded.prefix !== IDENTITY_PREFIX) return failure('wrong-kind', 'it is a key of another kind: only X25519 keys are known here, AGE-SECRET-KEY-1...');
  if (decoded.bytes.length !== KEY_BYTES) return failure('wrong-length', `its key has ${decoded.bytes.length} bytes and not ${KEY_BYTES}`);
  return { ok: true, identity: identityOf(createPrivateKey({ key: Buffer.concat([PKCS8_START, decoded.bytes]), format: 'der', type: 'pkcs8' })) };
}

export function generateIdentity(): Identity {
  return identityOf(generateKeyPairSync('x25519').privateKey);
}

/** `AGE-SECRET-KEY-1...`: a secret, for a file of mode 0600. */
export function formatIdentity({ privateKey }: Identity): string {
  return encodeBech32(IDENTITY_PREFIX, privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(PKCS8_START.length)).toUpperCase();
}

/** @param bytes 32 of them */
export function publicKeyOf(bytes: Uint8Array): KeyObject {
  return createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: Buffer.from(bytes).toString('base64url') }, format: 'jwk' });
}

/** @returns null where it is all zero, which the standard forbids to use: the public key is a point of low order. */
export function sharedSecret(privateKey: KeyObject, publicKey: KeyObject): Buffer | null {
  try {
    return diffieHellman({ privateKey, publicKey });
  } catch {
    // OpenSSL refuses such a secret itself; nothing else can be wrong with two X25519 keys.
    return null;
  }
}

function identityOf(privateKey: KeyObject): Identity {
  return { privateKey, recipient: recipientOf(createPublicKey(privateKey)) };
}

function recipientOf(publicKey: KeyObject): Recipient {
  const bytes = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  return { text: encodeBech32(RECIPIENT_PREFIX, bytes), publicKey, bytes, fingerprint: createHash('sha256').update(bytes).digest('hex') };
}

function isWeak({ publicKey }: Recipient): boolean {
  return sharedSecret(generateKeyPairSync('x25519').privateKey, publicKey) === null;
}
