import { createHash, timingSafeEqual } from 'node:crypto';

/** `<id>.<secret>`, as kubeadm's tokens: the id names the record, the secret of 160 bits proves it. */
export interface TokenText {
  readonly id: string;
  readonly secret: string;
}

const PATTERN = /^([0-9a-f]{12})\.([0-9a-f]{40})$/;

export function parseTokenText(text: string): TokenText | null {
  const [, id, secret] = PATTERN.exec(text.trim()) ?? [];
  return id === undefined || secret === undefined ? null : { id, secret };
}

/** A fast hash is enough: a secret of 160 random bits cannot be guessed. */
export function hashTokenSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** In constant time. */
export function isTokenSecret(secret: string, secretHash: string): boolean {
  const [given, kept] = [Buffer.from(hashTokenSecret(secret)), Buffer.from(secretHash)];
  return given.length === kept.length && timingSafeEqual(given, kept);
}
