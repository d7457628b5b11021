import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

import type { KeyedCertificate } from '../pki/certificates.ts';

/** A file's text, made and written at the first call and read ever after. */
export async function once(path: string, make: () => string | Promise<string>, mode = 0o600): Promise<string> {
  if (existsSync(path)) return readFileSync(path, 'utf8');
  const text = await make();
  put(path, text, mode);
  return text;
}

/** Replaces the file whole. */
export function put(path: string, text: string, mode = 0o600): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.tmp`, text, { mode });
  renameSync(`${path}.tmp`, path);
}

/** A certificate and its key in `PATH.crt` and `PATH.key`, made at the first call. */
export async function keepPair(path: string, make: () => Promise<KeyedCertificate>): Promise<KeyedCertificate> {
  let made: KeyedCertificate | null = null;
  const half = async (which: keyof KeyedCertificate): Promise<string> => (made ??= await make())[which];
  const key = await once(`${path}.key`, () => half('key'));
  return { key, certificate: await once(`${path}.crt`, () => half('certificate'), 0o644) };
}

export function secret(): string {
  return randomBytes(16).toString('hex');
}
