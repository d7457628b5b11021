import { copyFile, constants } from 'node:fs/promises';
import { extname, join } from 'node:path';

import type { PackageFile, PackageName } from '../../ports/package-system.ts';
import type { StepContext } from '../step.ts';
import { readStaged } from './staged.ts';

/** What the packages steps before this one will have installed when its turn comes: a later file of a package wins. */
export async function filesOfEarlierSteps({ earlier }: Pick<StepContext, 'earlier'>): Promise<ReadonlyMap<PackageName, PackageFile>> {
  const files = new Map<PackageName, PackageFile>();
  for (const { spec, folder } of earlier) {
    const staged = spec.kind === 'packages' ? await readStaged(folder, JSON.stringify(spec)) : null;
    for (const file of staged?.newFiles ?? []) files.set(file.name, file);
  }
  return files;
}

/** A file of this step's own: what an earlier step staged goes when that is staged anew. */
export async function ownCopy(file: PackageFile, intoFolder: string): Promise<PackageFile> {
  const path = join(intoFolder, `${file.name}${extname(file.path)}`);
  await copyFile(file.path, path, constants.COPYFILE_FICLONE);
  return { ...file, path };
}
