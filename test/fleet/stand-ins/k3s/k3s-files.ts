import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

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

export function secret(): string {
  return randomBytes(16).toString('hex');
}
