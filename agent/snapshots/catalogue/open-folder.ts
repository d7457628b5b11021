import { chmod, mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { syncFolder, writeDurably } from '../../../shared/files/write-durably.ts';
import type { CatalogueFolder } from './catalogue-folder.ts';

/** Made where it is not there. Nobody but root looks into it, whatever it was before: names and sizes say something too. */
export async function openFolder(path: string): Promise<CatalogueFolder> {
  if ((await mkdir(path, { recursive: true, mode: 0o700 })) !== undefined) await syncFolder(dirname(path));
  await chmod(path, 0o700);
  return existingFolder(path);
}

/** For whoever only looks; one that is not there holds nothing. */
export function existingFolder(path: string): CatalogueFolder {
  const pathOf = (name: string): string => join(path, name);
  return {
    pathOf,
    names: async () => (await orNull(() => readdir(path))) ?? [],
    sizeOf: (name) => orNull(async () => (await stat(pathOf(name))).size),
    read: (name) => orNull(() => readFile(pathOf(name))),
    write: (name, content) => writeDurably(pathOf(name), content),
    async rename(from, to) {
      await orNull(() => rename(pathOf(from), pathOf(to)));
      await syncFolder(path);
    },
    async remove(name) {
      await rm(pathOf(name), { force: true });
      await syncFolder(path);
    },
  };
}

async function orNull<T>(look: () => Promise<T>): Promise<T | null> {
  try {
    return await look();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
