import { lstat } from 'node:fs/promises';

import { sha256Of } from '../../../shared/files/sha256-of.ts';

/** What a path holds, as far as Farrier manages it. Times are nobody's promise. */
export type FileState =
  | { readonly kind: 'file'; readonly sha256: string; readonly mode: number; readonly uid: number; readonly gid: number }
  | { readonly kind: 'none' }
  /** A link, a folder, a device: not to be touched. */
  | { readonly kind: 'other'; readonly what: string };

export async function readFileState(path: string): Promise<FileState> {
  const state = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw error;
  });
  if (state === null) return { kind: 'none' };
  if (!state.isFile()) return { kind: 'other', what: state.isSymbolicLink() ? 'a link' : state.isDirectory() ? 'a folder' : 'no regular file' };
  return { kind: 'file', sha256: await sha256Of(path), mode: state.mode & 0o7777, uid: state.uid, gid: state.gid };
}

export function sameState(one: FileState, other: FileState): boolean {
  return differences(one, other).length === 0;
}

/** In words, never with content: it may be a secret. Empty where nothing differs. */
export function differences(now: FileState, was: FileState): readonly string[] {
  if (now.kind !== was.kind) return [`it is ${nameOf(now)}, it was ${nameOf(was)}`];
  if (now.kind !== 'file' || was.kind !== 'file') return [];
  const found: string[] = [];
  if (now.sha256 !== was.sha256) found.push(`its content is another (sha256 ${now.sha256.slice(0, 12)}, was ${was.sha256.slice(0, 12)})`);
  if (now.mode !== was.mode) found.push(`its mode is ${octal(now.mode)}, was ${octal(was.mode)}`);
  if (now.uid !== was.uid || now.gid !== was.gid) found.push(`its owner is ${now.uid}:${now.gid}, was ${was.uid}:${was.gid}`);
  return found;
}

function nameOf(state: FileState): string {
  if (state.kind === 'none') return 'not there';
  return state.kind === 'file' ? 'a file' : state.what;
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
