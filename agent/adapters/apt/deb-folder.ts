import { mkdir, readdir, realpath, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { PackageCall } from '../../ports/package-system.ts';
import { sha256Of } from '../../../shared/files/sha256-of.ts';
import { type StepFailure, stepFailure } from '../../steps/step.ts';
import type { PackageParts } from '../packages/package-parts.ts';
import { isRootsAlone } from '../packages/source-file.ts';
import { mustRun } from './invoke-apt.ts';

const DEBS_MAX = 2_000;

/** A folder of .debs as a source, for a site without a network. */
export interface DebFolder {
  readonly ok: true;
  readonly place: string;
  readonly debs: readonly string[];
}

/** It is trusted as the folder's owner is: everything in it has to be root's alone, as a source file has to be. */
export async function lookAtDebFolder(name: string, folder: string): Promise<DebFolder | StepFailure> {
  const place = await realpath(folder);
  const debs = (await readdir(place)).filter((file) => file.endsWith('.deb')).toSorted();
  if (debs.length === 0) return stepFailure('source-unknown', `package source ${name} is the folder ${place}, which holds no .deb`, name);
  if (debs.length > DEBS_MAX) return stepFailure('source-unknown', `package source ${name} is the folder ${place}, which holds ${debs.length} files; ${DEBS_MAX} is the limit`, name);
  for (const path of [place, ...debs.map((file) => join(place, file))]) {
    if (!isRootsAlone(await stat(path))) return stepFailure('not-allowed', `${path} can be written by others than root; chown root and chmod go-w it`, name);
  }
  return { ok: true, place, debs };
}

/**
 * Makes an index beside the folder, which stays as it is.
 *
 * @param into for the index, open to apt's own user.
 * @returns the line of sources.list(5).
 */
export async function indexDebFolder(parts: PackageParts, { place, debs }: DebFolder, into: string, call: PackageCall): Promise<string> {
  await mkdir(into, { recursive: true, mode: 0o755 });
  const entries: string[] = [];
  for (const [index, file] of debs.entries()) {
    const path = join(place, file);
    // Under a name of our own: apt takes a `%3a` in a name for a colon.
    await symlink(path, join(into, `${index}.deb`));
    const control = (await mustRun(parts, ['dpkg-deb', '--field', path], call)).trim();
    entries.push(`${control}\nFilename: ./${index}.deb\nSize: ${(await stat(path)).size}\nSHA256: ${await sha256Of(path)}\n`);
  }
  await writeFile(join(into, 'Packages'), entries.join('\n'), { mode: 0o644 });
  return `deb [trusted=yes] file:${into} ./\n`;
}
