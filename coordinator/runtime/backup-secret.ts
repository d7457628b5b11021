import { hkdfSync, scrypt } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { BackupError } from './backup-error.ts';

/** A passphrase for people, or the path of a file with at least 32 random bytes for timers. */
export type BackupSecret = { readonly passphrase: string } | { readonly keyFile: string };

export type SecretKind = 'passphrase' | 'key-file';

/** Two keys of 32 bytes: one seals the content, the other proves the header before anything is decrypted. */
export interface BackupKeys {
  readonly content: Buffer;
  readonly header: Buffer;
}

const KEY_BYTES = 64;
const KEY_FILE_MIN_BYTES = 32;
const PASSPHRASE_MIN_LENGTH = 12;
/** scrypt at N = 2^17, r = 8, p = 1 (OWASP's current floor): 128 MiB and some 0.3 s for each guess. */
const SCRYPT_COST = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 * 1024 };

export function secretKind(secret: BackupSecret): SecretKind {
  return 'passphrase' in secret ? 'passphrase' : 'key-file';
}

/** Refuses what would only look like encryption; for making backups, not for reading them. */
export function assertStrong(secret: BackupSecret): void {
  if ('passphrase' in secret && secret.passphrase.length < PASSPHRASE_MIN_LENGTH) {
    throw new BackupError('backup-weak-secret', `the passphrase is shorter than ${PASSPHRASE_MIN_LENGTH} characters`, 'take a longer one: the backup holds the keys of the fleet');
  }
}

export async function deriveKeys(secret: BackupSecret, salt: Uint8Array): Promise<BackupKeys> {
  const both = 'passphrase' in secret ? await stretch(secret.passphrase, salt) : await expand(secret.keyFile, salt);
  return { content: both.subarray(0, 32), header: both.subarray(32) };
}

function stretch(passphrase: string, salt: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // NFC: the same passphrase typed on two keyboards is the same bytes.
    scrypt(passphrase.normalize('NFC'), salt, KEY_BYTES, SCRYPT_COST, (error, key) => (error === null ? resolve(key) : reject(error)));
  });
}

async function expand(keyFile: string, salt: Uint8Array): Promise<Buffer> {
  const key = await readFile(keyFile);
  if (key.length < KEY_FILE_MIN_BYTES) {
    throw new BackupError('backup-weak-secret', `${keyFile} holds ${key.length} bytes, a key needs ${KEY_FILE_MIN_BYTES}`, `make one: head -c 32 /dev/urandom > ${keyFile}`);
  }
  return Buffer.from(hkdfSync('sha256', key, salt, 'farrier backup 1', KEY_BYTES));
}
