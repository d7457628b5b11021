import { execFileSync } from 'node:child_process';
import { chmodSync, lutimesSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** `none` is for tests on hosts: xz takes half a minute a package. */
export type Compression = 'xz' | 'none';

/**
 * Packs a tree with root as owner of everything. The same tree gives the same bytes: times are `sourceDateEpoch` (seconds),
 * dpkg-deb sorts the names, and xz's blocks do not depend on how many threads made them.
 */
export function makeDeb(treeFolder: string, debPath: string, sourceDateEpoch: number, compression: Compression): void {
  for (const entry of readdirSync(treeFolder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    // Whatever the umask of whoever builds: folders of a package are 0755.
    if (entry.isDirectory()) chmodSync(path, 0o755);
    lutimesSync(path, sourceDateEpoch, sourceDateEpoch);
  }
  chmodSync(treeFolder, 0o755);
  lutimesSync(treeFolder, sourceDateEpoch, sourceDateEpoch);
  mkdirSync(dirname(debPath), { recursive: true });
  // Level 6: 9 takes three times as long for two parts in a hundred.
  const how = compression === 'xz' ? ['-Zxz', '-z6'] : ['-Znone'];
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', ...how, treeFolder, debPath], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, SOURCE_DATE_EPOCH: String(sourceDateEpoch) },
  });
}
