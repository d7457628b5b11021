import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';

import { syncFolder, writeSynced } from '../../shared/files/write-durably.ts';

/** Everything that makes this host a node, in the files of `<stateDir>/identity`. */
export interface IdentityFiles {
  /** P-256, PKCS #8: never leaves the host. */
  readonly 'key.pem': string;
  readonly 'cert.pem': string;
  readonly 'ca.pem': string;
  /** The fleet's root key (Ed25519, SPKI), pinned. */
  readonly 'root.pem': string;
  /** Names, addresses: see IdentityFacts. */
  readonly 'identity.json': string;
  /** DSSE envelope around the trust document. */
  readonly 'trust.json': string;
}

const NAMES = ['key.pem', 'cert.pem', 'ca.pem', 'root.pem', 'identity.json', 'trust.json'] as const satisfies (keyof IdentityFiles)[];

export function identityFolder(stateDir: string): string {
  return join(stateDir, 'identity');
}

/**
 * Replaces the whole identity. `identity` is a symbolic link to a folder with a name of its own: after a crash or a power cut
 * it leads to all of the old files or to all of the new ones, never to a key beside somebody else's certificate.
 */
export async function replaceIdentity(stateDir: string, files: IdentityFiles): Promise<void> {
  const name = `identity-${randomBytes(4).toString('hex')}`;
  const folder = join(stateDir, name);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const file of NAMES) await writeSynced(join(folder, file), files[file]);
    await syncFolder(folder);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  const link = join(stateDir, 'identity.new');
  await rm(link, { force: true });
  await symlink(name, link);
  await rename(link, identityFolder(stateDir));
  await syncFolder(stateDir);
  await removeLeftovers(stateDir, name);
}

/** @returns null where the host is not enrolled. @throws where files are missing or cannot be read. */
export async function readIdentityFiles(stateDir: string): Promise<IdentityFiles | null> {
  if ((await linkTarget(stateDir)) === null) return null;
  const folder = identityFolder(stateDir);
  const entries = await Promise.all(NAMES.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const));
  return Object.fromEntries(entries) as Record<keyof IdentityFiles, string>;
}

/** Identities that nothing leads to: the one before, and what a crash left. */
async function removeLeftovers(stateDir: string, kept: string): Promise<void> {
  const names = (await readdir(stateDir)).filter((name) => /^identity-[0-9a-f]{8}$/.test(name) && name !== kept);
  for (const name of names) await rm(join(stateDir, name), { recursive: true, force: true });
}

async function linkTarget(stateDir: string): Promise<string | null> {
  try {
    return await readlink(identityFolder(stateDir));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
