import { chmod, lstat, mkdir, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';

import { syncFolder } from '../../../shared/files/write-durably.ts';
import type { StepContext } from '../step.ts';
import { foldersOf } from './path-problem.ts';

const FOLDER_MODE = 0o755;

/** The folders above these paths that are not there; outermost first. */
export async function missingFolders(paths: readonly string[]): Promise<readonly string[]> {
  const missing = new Set<string>();
  for (const folder of paths.flatMap(foldersOf)) if ((await lstat(folder).catch(() => null)) === null) missing.add(folder);
  return [...missing].toSorted();
}

/** Durable; idempotent. */
export async function makeFolders(path: string): Promise<void> {
  for (const folder of foldersOf(path)) await makeFolder(folder);
}

async function makeFolder(folder: string): Promise<void> {
  const made = await mkdir(folder).then(() => true, (error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST') return false;
    throw error;
  });
  if (!made) return;
  await chmod(folder, FOLDER_MODE);
  await syncFolder(dirname(folder));
}

/** What somebody else put there meanwhile is not ours to take away. Idempotent. */
export async function removeMadeFolders(folders: readonly string[], context: StepContext): Promise<void> {
  for (const folder of folders.toReversed()) {
    await rmdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return;
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
      context.output(`farrier: ${folder} was made by this step and is not empty; it stays\n`);
    });
  }
}
