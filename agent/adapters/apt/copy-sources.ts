import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { PackageCall } from '../../ports/package-system.ts';
import type { StepFailure } from '../../steps/step.ts';
import type { PackageParts } from '../packages/package-parts.ts';
import { indexDebFolder } from './deb-folder.ts';
import { lookAtSource } from './look-at-source.ts';

/**
 * Brings named sources to `<folder>/sources`.
 *
 * @param byAll apt fetches as its own unprivileged user, who has to read the keys.
 */
export async function copySources(parts: PackageParts, names: readonly string[], folder: string, byAll: boolean, call: PackageCall): Promise<StepFailure | null> {
  const into = join(folder, 'sources');
  for (const name of names) {
    const found = await lookAtSource(parts.sourcesDir, name, byAll);
    if (!found.ok) return found;
    for (const file of found.files) await copyFile(join(parts.sourcesDir, file), join(into, file));
    // In capitals, as no source can be named.
    if (found.debs !== null) await writeFile(join(into, `DEBS-${name}.list`), await indexDebFolder(parts, found.debs, join(folder, 'debs', name), call));
  }
  return null;
}
