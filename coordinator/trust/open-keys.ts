import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Clock } from '../../shared/ports/clock.ts';
import type { Random } from '../../shared/ports/random.ts';
import { caHashOf } from '../../shared/trust/ca-hash.ts';
import { failure, type Failure } from '../../shared/trust/failure.ts';
import { signingKeyFromPem } from '../../shared/trust/signing-key.ts';
import { syncFolder, writeSynced } from '../../shared/files/write-durably.ts';
import { caCommonName } from './certificate-authority.ts';
import { createKeyFiles, KEY_FILES, type KeyFiles } from './create-key-files.ts';
import type { CaKeys, FleetKeys } from './fleet-keys.ts';
import { openServerKeys } from './open-server-keys.ts';

export interface OpenKeysOptions {
  readonly fleet: string;
  /** DNS names and IP addresses that agents and operators dial. */
  readonly serverNames: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
}

export type OpenedKeys =
  | { readonly ok: true; readonly keys: FleetKeys; /** Made now, on a first start. */ readonly created: boolean }
  | Failure<'keys-incomplete' | 'keys-unreadable' | 'keys-of-another-fleet'>;

/**
 * Opens `<data>/keys`, and makes it on a first start: all of it or, after a crash, nothing.
 * A folder with a key missing is never completed by a new key, which every agent would refuse.
 */
export async function openKeys(dataFolder: string, options: OpenKeysOptions): Promise<OpenedKeys> {
  const folder = join(dataFolder, 'keys');
  const present = await namesIn(folder);
  const created = present.length === 0;
  if (created) await createFolder(folder, await createKeyFiles(options));
  const missing = created ? [] : KEY_FILES.filter((name) => !present.includes(name));
  if (missing.length > 0) {
    return failure('keys-incomplete', `${folder} lacks ${missing.join(', ')}; restore the folder from a backup (farrier-coordinator restore): new keys would not be the ones that the agents pinned`);
  }
  try {
    const ca = await readCa(folder);
    if (ca.certificate.subject !== `CN=${caCommonName(options.fleet)}`) {
      return failure('keys-of-another-fleet', `${folder} belongs to "${ca.certificate.subject}", this coordinator is set up for fleet ${options.fleet}; correct \`fleet\` in the settings or the data folder`);
    }
    const rootKey = signingKeyFromPem(await readFile(join(folder, 'root.key'), 'utf8'));
    const planKey = signingKeyFromPem(await readFile(join(folder, 'plan.key'), 'utf8'));
    const server = await openServerKeys(join(folder, 'server.pem'), ca, options);
    return { ok: true, created, keys: { fleet: options.fleet, ca, rootKey, planKey, server } };
  } catch (error) {
    return failure('keys-unreadable', `${folder} cannot be read: ${error instanceof Error ? error.message : String(error)}; check its owner, or restore it from a backup`);
  }
}

async function readCa(folder: string): Promise<CaKeys> {
  const certificatePem = await readFile(join(folder, 'ca.crt'), 'utf8');
  const certificate = new X509Certificate(certificatePem);
  const privateKey = createPrivateKey(await readFile(join(folder, 'ca.key'), 'utf8'));
  if (!certificate.checkPrivateKey(privateKey)) throw new Error('ca.key is not the key of ca.crt');
  return { certificatePem, certificate, privateKey, hash: caHashOf(certificate) };
}

async function createFolder(folder: string, files: KeyFiles): Promise<void> {
  const beside = `${folder}.new`;
  await rm(beside, { recursive: true, force: true });
  await mkdir(beside, { recursive: true, mode: 0o700 });
  for (const [name, content] of Object.entries(files)) await writeSynced(join(beside, name), content);
  await syncFolder(beside);
  // Onto an empty folder, where a package made one: rename(2) replaces it.
  await rename(beside, folder);
  await syncFolder(join(folder, '..'));
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
