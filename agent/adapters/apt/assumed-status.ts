import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { PackageCall, PackageFile, PackageName } from '../../ports/package-system.ts';
import type { PackageParts } from '../packages/package-parts.ts';
import { ownArchitecture } from './dpkg-status.ts';
import { mustRun } from './invoke-apt.ts';

const DPKG_STATUS = '/var/lib/dpkg/status';

/**
 * dpkg's database as it will be once `files` are installed, for simulations alone: each file's own paragraph in place of
 * the one that its package has now.
 *
 * @returns options that make apt look at it; none where there are no files.
 */
export async function assumeInstalled(parts: PackageParts, files: readonly PackageFile[], folder: string, call: PackageCall): Promise<readonly string[]> {
  if (files.length === 0) return [];
  const own = await ownArchitecture(parts, call);
  const paragraphs = new Map<PackageName, string>();
  for (const paragraph of (await readFile(DPKG_STATUS, 'utf8')).split(/\n\n+/)) {
    if (paragraph.trim() !== '') paragraphs.set(nameOf(paragraph, own), paragraph.trim());
  }
  for (const { name, path } of files) {
    const control = (await mustRun(parts, ['dpkg-deb', '--field', path], call)).trim();
    const held = /^Status: hold /m.test(paragraphs.get(name) ?? '');
    paragraphs.set(name, control.replace(/^Package: .*$/m, (line) => `${line}\nStatus: ${held ? 'hold' : 'install'} ok installed`));
  }
  const status = join(folder, 'status');
  await writeFile(status, `${[...paragraphs.values()].join('\n\n')}\n`);
  return ['-o', `Dir::State::status=${status}`];
}

/** As the port names packages: with the architecture where it is not the host's own. */
function nameOf(paragraph: string, own: string): PackageName {
  const field = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(paragraph)?.[1] ?? '';
  const architecture = field('Architecture');
  return architecture === own || architecture === 'all' || architecture === '' ? field('Package') : `${field('Package')}:${architecture}`;
}
