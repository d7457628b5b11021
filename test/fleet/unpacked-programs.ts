import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';
import { withCacheLock } from './cache-lock.ts';
import { downloadDebianPackages } from './debian-packages.ts';
import { mustRun } from './run-program.ts';

/** A folder with the programs of one package of a Debian suite (its /usr/bin), unpacked in the cache and installed nowhere. */
export async function unpackedPrograms(suite: string, packageName: string): Promise<string> {
  const [deb = ''] = await downloadDebianPackages(suite, [packageName]);
  const folder = cacheFolder(packageName);
  const unpacked = join(folder, basename(deb, '.deb'));
  await withCacheLock(join(folder, 'lock'), async () => {
    if (existsSync(unpacked)) return;
    const draft = mkdtempSync(join(folder, 'draft-'));
    await mustRun(['dpkg-deb', '--extract', deb, draft], { timeoutMs: 60_000 });
    renameSync(join(draft, 'usr/bin'), unpacked);
    rmSync(draft, { recursive: true });
  });
  return unpacked;
}
