import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { formatIdentity, generateIdentity, type Identity } from '../../shared/age/age-keys.ts';
import { parseIdentityFile } from '../../shared/age/identity-file.ts';
import { writeDurably } from '../../shared/files/write-durably.ts';

/** This host's own key for snapshots that are meant for it, made at the first need; root-only. @throws where the file is there and no such key */
export async function hostIdentity(stateDir: string): Promise<Identity> {
  const path = join(stateDir, 'snapshot-identity');
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) {
    const identity = generateIdentity();
    await writeDurably(path, `${formatIdentity(identity)}\n`);
    return identity;
  }
  const parsed = parseIdentityFile(text);
  const [identity] = parsed.ok ? parsed.identities : [];
  if (identity === undefined) throw new Error(`${path} holds no key of age`);
  return identity;
}
