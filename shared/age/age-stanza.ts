import { createCipheriv, createDecipheriv, generateKeyPairSync, hkdfSync } from 'node:crypto';

import { type Identity, publicKeyOf, type Recipient, sharedSecret } from './age-keys.ts';

/** One recipient's copy of the file key in a header: arguments and a body. */
export interface Stanza {
  readonly args: readonly string[];
  readonly body: Buffer;
}

export const FILE_KEY_BYTES = 16;
const TAG_BYTES = 16;
const INFO = 'age-encryption.org/v1/X25519';
/** The wrap key is used once. */
const NONCE = Buffer.alloc(12);

/** https://c2sp.org/age, "X25519 recipient stanza": a new ephemeral secret for each stanza of each file. */
export function wrapFileKey(fileKey: Uint8Array, recipient: Recipient): Stanza {
  const ephemeral = generateKeyPairSync('x25519');
  const share = Buffer.from(ephemeral.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const secret = sharedSecret(ephemeral.privateKey, recipient.publicKey);
  if (secret === null) throw new Error('a recipient of low order is refused when it is parsed');
  const cipher = createCipheriv('chacha20-poly1305', wrapKey(secret, share, recipient), NONCE, { authTagLength: TAG_BYTES });
  return { args: ['X25519', unpadded(share)], body: Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]) };
}

/** @returns the file key; 'other' where the stanza is not for this identity; 'broken' where it is none that the standard allows. */
export function unwrapFileKey({ args, body }: Stanza, { privateKey, recipient }: Identity): Buffer | 'other' | 'broken' {
  const [kind, text = ''] = args;
  if (kind !== 'X25519') return 'other';
  const share = fromUnpadded(text);
  // The length before the first attempt: a longer body would make it an oracle for several keys.
  if (args.length !== 2 || share?.length !== 32 || body.length !== FILE_KEY_BYTES + TAG_BYTES) return 'broken';
  const secret = sharedSecret(privateKey, publicKeyOf(share));
  if (secret === null) return 'broken';
  const decipher = createDecipheriv('chacha20-poly1305', wrapKey(secret, share, recipient), NONCE, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(body.subarray(FILE_KEY_BYTES));
  const fileKey = decipher.update(body.subarray(0, FILE_KEY_BYTES));
  try {
    decipher.final();
    return fileKey;
  } catch {
    return 'other';
  }
}

/** Standard Base64 without `=`. */
export function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

/** @returns null where the text is not the one way to write these bytes. */
export function fromUnpadded(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return unpadded(bytes) === text ? bytes : null;
}

function wrapKey(secret: Buffer, share: Buffer, recipient: Recipient): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, Buffer.concat([share, recipient.bytes]), INFO, 32));
}
