import { lstat, readlink } from 'node:fs/promises';
import { dirname } from 'node:path';

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

/**
 * Nobody but root may lead a write elsewhere: no link on the way, and only folders that root alone rearranges.
 * What is not there yet is made by root.
 *
 * @returns why this path cannot be managed, for a person; '' where it can.
 */
export async function pathProblem(path: string): Promise<string> {
  for (const place of [...foldersOf(path), path]) {
    const state = await lstat(place).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (state === null) return '';
    if (state.isSymbolicLink()) return `${place} is a link to ${await readlink(place)}; name the path without links`;
    if (place === path) return state.isFile() ? '' : `${place} is ${state.isDirectory() ? 'a folder' : 'no regular file'}`;
    if (!state.isDirectory()) return `${place} is no folder`;
    if (state.uid !== 0) return `${place} belongs to the user ${state.uid}, who could lead a write elsewhere; only root’s folders are written to`;
    if ((state.mode & WRITABLE_BY_OTHERS) !== 0 && (state.mode & STICKY) === 0) return `${place} can be written by others than root; chmod go-w it`;
  }
  return '';
}

/** Outermost first, without `/`. */
export function foldersOf(path: string): readonly string[] {
  const folders: string[] = [];
  for (let folder = dirname(path); folder !== '/'; folder = dirname(folder)) folders.unshift(folder);
  return folders;
}
