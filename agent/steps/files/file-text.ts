import { readFile } from 'node:fs/promises';

/** @returns null where there is no such file. @throws what else the disk says */
export function textIfThere(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}

/** @returns null where it cannot be read, whatever the reason. */
export function textIfReadable(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null);
}
