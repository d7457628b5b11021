import { createHmac, timingSafeEqual } from 'node:crypto';

import { BackupError } from './backup-error.ts';
import type { BackupKeys, SecretKind } from './backup-secret.ts';

/**
 * The first 80 bytes of a backup, in the clear: magic (8), format (1), kind of secret (1), 6 zero bytes, salt (16),
 * nonce (12), 4 zero bytes, HMAC-SHA-256 of all that (32). What follows is AES-256-GCM over zstd, its tag (16) at the end;
 * the header is its additional data. The scrypt cost belongs to the format: another cost is another format.
 */
export interface BackupHeader {
  readonly kind: SecretKind;
  readonly salt: Buffer;
  readonly nonce: Buffer;
}

export const BACKUP_FORMAT = 1;
export const HEADER_BYTES = 80;
export const TAG_BYTES = 16;
const MAGIC = Buffer.from('FARRIERB');
const MAC_AT = 48;
const KINDS: readonly SecretKind[] = ['passphrase', 'key-file'];

export function encodeHeader(header: BackupHeader, keys: BackupKeys): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(bytes);
  bytes[8] = BACKUP_FORMAT;
  bytes[9] = KINDS.indexOf(header.kind) + 1;
  header.salt.copy(bytes, 16);
  header.nonce.copy(bytes, 32);
  headerMac(bytes, keys).copy(bytes, MAC_AT);
  return bytes;
}

/** What is needed to derive the keys. Not trusted before proveHeader. @throws BackupError */
export function decodeHeader(bytes: Buffer, name: string): BackupHeader {
  if (bytes.length < HEADER_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new BackupError('backup-not-one', `${name} is not a backup of farrier-coordinator`, 'name the file that farrier-coordinator backup wrote');
  }
  const format = bytes[8] ?? 0;
  if (format > BACKUP_FORMAT) {
    throw new BackupError('backup-newer-format', `${name} has backup format ${format}, this version reads up to ${BACKUP_FORMAT}`, 'restore it with the newer farrier-coordinator that wrote it');
  }
  const kind = KINDS[(bytes[9] ?? 0) - 1];
  if (kind === undefined) throw new BackupError('backup-damaged', `the header of ${name} is damaged`, 'take another copy of the backup');
  return { kind, salt: bytes.subarray(16, 32), nonce: bytes.subarray(32, 44) };
}

export function proveHeader(bytes: Buffer, keys: BackupKeys, kind: SecretKind, name: string): void {
  if (timingSafeEqual(headerMac(bytes, keys), bytes.subarray(MAC_AT, HEADER_BYTES))) return;
  const what = kind === 'passphrase' ? 'passphrase' : 'key file';
  throw new BackupError('backup-wrong-secret', `the ${what} does not open ${name} (or the header of the file is damaged)`, `give the ${what} that this backup was made with`);
}

function headerMac(bytes: Buffer, keys: BackupKeys): Buffer {
  return createHmac('sha256', keys.header).update(bytes.subarray(0, MAC_AT)).digest();
}
