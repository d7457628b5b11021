import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';
import { withCacheLock } from './cache-lock.ts';
import { downloadDebianPackages } from './debian-packages.ts';
import { mustRun } from './run-program.ts';

/** The program containerd of one Debian suite, unpacked and installed nowhere: what it says of configurations needs no daemon. */
export async function unpackedContainerd(suite: string): Promise<string> {
  const [deb = ''] = await downloadDebianPackages(suite, ['containerd']);
  const folder = cacheFolder('containerd');
  const unpacked = join(folder, basename(deb, '.deb'));
  await withCacheLock(join(folder, 'lock'), async () => {
    if (existsSync(unpacked)) return;
    const draft = mkdtempSync(join(folder, 'draft-'));
    mkdirSync(draft, { recursive: true });
    await mustRun(['dpkg-deb', '--extract', deb, draft], { timeoutMs: 60_000 });
    renameSync(join(draft, 'usr/bin'), unpacked);
    rmSync(draft, { recursive: true });
  });
  return join(unpacked, 'containerd');
}
