import { stat } from 'node:fs/promises';

import type { PackageCall, PackageFile } from '../../ports/package-system.ts';
import type { PackageParts } from '../packages/package-parts.ts';
import { ownArchitecture } from './dpkg-status.ts';
import { mustRun } from './invoke-apt.ts';

/** Reads what a .deb is. @throws where it is none. */
export async function readDeb(parts: PackageParts, path: string, call: PackageCall): Promise<PackageFile> {
  const fields = await mustRun(parts, ['dpkg-deb', '--field', path, 'Package', 'Version', 'Architecture', 'Installed-Size'], call);
  const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(fields)?.[1] ?? '';
  const architecture = field('Architecture');
  const isOwn = architecture === 'all' || architecture === (await ownArchitecture(parts, call));
  return {
    name: isOwn ? field('Package') : `${field('Package')}:${architecture}`,
    version: field('Version'),
    path,
    // Debian policy 5.6.20 lets the field be absent or out of date: never less than the file itself.
    installedBytes: Math.max(Number(field('Installed-Size') || '0') * 1024, (await stat(path)).size),
    conffiles: await conffiles(parts, path, call),
  };
}

/** deb-conffiles(5): one absolute path a line, flags such as `remove-on-upgrade` before it. */
async function conffiles(parts: PackageParts, path: string, call: PackageCall): Promise<readonly string[]> {
  const list = await mustRun(parts, ['dpkg-deb', '--info', path], call);
  if (!/^\s+\d+ bytes,\s+\d+ lines\s+(?:\*\s+)?conffiles\b/m.test(list)) return [];
  const text = await mustRun(parts, ['dpkg-deb', '--info', path, 'conffiles'], call);
  return text.split('\n').map((line) => line.trim().split(/\s+/).at(-1) ?? '').filter((line) => line.startsWith('/'));
}
