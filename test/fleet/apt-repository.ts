import { createHash } from 'node:crypto';
import { createReadStream, linkSync, mkdirSync, copyFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import { downloadDebianPackages } from './debian-packages.ts';
import { mustRun } from './run-program.ts';

/**
 * Puts packages into a folder and (re)writes Packages and Packages.gz over all that lie there: a flat repository for
 * `deb [trusted=yes] file:/srv/repo ./`. Several versions of one package may lie in it. Safe under running hosts, which
 * see the change at their next `apt-get update`.
 */
export async function writeAptRepository(folder: string, debs: readonly string[]): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const deb of debs) place(deb, join(folder, basename(deb)));
  const names = readdirSync(folder).filter((name) => name.endsWith('.deb')).sort();
  const entries: string[] = [];
  for (const name of names) {
    const path = join(folder, name);
    const control = (await mustRun(['dpkg-deb', '--field', path])).trimEnd();
    entries.push(`${control}\nFilename: ./${name}\nSize: ${statSync(path).size}\nSHA256: ${await sha256Of(path)}\n`);
  }
  const index = entries.join('\n');
  for (const [name, content] of [['Packages', index], ['Packages.gz', gzipSync(index)]] as const) {
    writeFileSync(join(folder, `${name}.new`), content);
    renameSync(join(folder, `${name}.new`), join(folder, name));
  }
}

/** Debian 12's containerd 1.6 and Debian 13's 1.7: the pair installs on Debian 12 hosts in both directions. */
export async function downloadContainerdPair(): Promise<{ readonly old: string; readonly new: string }> {
  const [older = ''] = await downloadDebianPackages('bookworm', ['containerd']);
  const [newer = ''] = await downloadDebianPackages('trixie', ['containerd']);
  return { old: older, new: newer };
}

/** The version of a package file. */
export async function versionOfDeb(path: string): Promise<string> {
  return (await mustRun(['dpkg-deb', '--field', path, 'Version'])).trim();
}

function place(from: string, to: string): void {
  if (from === to) return;
  rmSync(to, { force: true });
  try {
    linkSync(from, to); // Spares 30 MB of copying where both lie on one disk.
  } catch {
    copyFileSync(from, to);
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
