import { copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { PackageCall } from '../../ports/package-system.ts';
import { type StepFailure, stepFailure } from '../../steps/step.ts';
import type { PackageParts } from '../packages/package-parts.ts';
import { isRootsAlone, refuseKey } from '../packages/source-file.ts';
import { indexDebFolder } from './deb-folder.ts';
import { keyPathsOf } from './source-keys.ts';

/**
 * Brings named sources to `<folder>/sources`. A source is `NAME.sources`, `NAME.list`, or a folder of .debs `NAME`, which
 * may be a link.
 *
 * @param byAll apt fetches as its own unprivileged user, who has to read the keys.
 */
export async function copySources(parts: PackageParts, names: readonly string[], folder: string, byAll: boolean, call: PackageCall): Promise<StepFailure | null> {
  for (const name of names) {
    const failure = await copySource(parts, name, folder, byAll, call);
    if (failure !== null) return failure;
  }
  return null;
}

async function copySource(parts: PackageParts, name: string, folder: string, byAll: boolean, call: PackageCall): Promise<StepFailure | null> {
  const into = join(folder, 'sources');
  let found = false;
  for (const file of [`${name}.sources`, `${name}.list`]) {
    const path = join(parts.sourcesDir, file);
    const state = await stat(path).catch(() => null);
    if (state === null) continue;
    // Who can write it says what this host trusts.
    if (!isRootsAlone(state)) return stepFailure('not-allowed', `${path} can be written by others than root; chown root and chmod 644 it`, name);
    for (const key of keyPathsOf(await readFile(path, 'utf8'))) {
      const refused = await refuseKey(name, key, byAll);
      if (refused !== null) return refused;
    }
    await copyFile(path, join(into, file));
    found = true;
  }
  const debs = join(parts.sourcesDir, name);
  if ((await stat(debs).catch(() => null))?.isDirectory() === true) {
    const indexed = await indexDebFolder(parts, name, debs, join(folder, 'debs', name), call);
    if (!indexed.ok) return indexed;
    // In capitals, as no source can be named.
    await writeFile(join(into, `DEBS-${name}.list`), indexed.line);
    found = true;
  }
  return found ? null : stepFailure('source-unknown', `package source ${name} is not on this host; an admin writes ${join(parts.sourcesDir, name)}.sources`, name);
}
