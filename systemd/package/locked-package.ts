import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly version: string; readonly integrity?: string }>>;
}

/**
 * Fetches a package of the lockfile that `npm ci` leaves out because it is for another architecture, and unpacks it below
 * `cacheFolder`. Nothing of it is unpacked before its sha512 is the locked one. Idempotent.
 * @returns the folder with its files.
 */
export function fetchLockedPackage(root: string, name: string, cacheFolder: string): string {
  const locked = (JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lockfile).packages[`node_modules/${name}`];
  if (locked?.integrity === undefined) throw new Error(`${name} is not in package-lock.json with its integrity`);
  const folder = join(cacheFolder, `${name}-${locked.version}-${locked.integrity.replaceAll(/[^A-Za-z0-9]/g, '').slice(0, 20)}`);
  if (existsSync(folder)) return join(folder, 'package');
  mkdirSync(cacheFolder, { recursive: true });
  const draft = mkdtempSync(join(cacheFolder, 'fetch-'));
  try {
    // In a scratch folder: npm takes the registry from the machine's own settings and touches no node_modules.
    const packed = execFileSync('npm', ['pack', '--silent', `${name}@${locked.version}`], { cwd: draft, encoding: 'utf8' }).trim().split('\n').at(-1) ?? '';
    const tarball = join(draft, packed);
    mustBeLocked(readFileSync(tarball), locked.integrity, `${name}@${locked.version}`);
    execFileSync('tar', ['-xzf', tarball, '-C', draft, '--no-same-owner']);
    rmSync(tarball);
    renameSync(draft, folder);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(folder)) throw error; // Another build was quicker.
  }
  return join(folder, 'package');
}

/** @throws where the bytes are not those that the lockfile names. */
export function mustBeLocked(bytes: Uint8Array, integrity: string, what: string): void {
  const found = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
  if (found !== integrity) throw new Error(`${what} is not what package-lock.json names: ${found} instead of ${integrity}; do not use it, and find out who changed it`);
}
