import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { chmod, chown, lstat, mkdir, readdir, readFile, readlink, realpath, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { syncFolder, writeDurably } from '../../../shared/files/write-durably.ts';
import { besideOf, placeFile, placeLink } from './place-file.ts';

/** A path as it was, with what brings it back; contents lie beside it, by hash, for root only: there are keys among them. */
export type PathCopy =
  /** `changedNs`: when its inode last changed, which a rename does too; as text, for it is past 2^53. */
  | { readonly path: string; readonly kind: 'file'; readonly sha256: string; readonly mode: number; readonly uid: number; readonly gid: number; readonly changedNs: string }
  | { readonly path: string; readonly kind: 'folder'; readonly mode: number; readonly uid: number; readonly gid: number }
  | { readonly path: string; readonly kind: 'link'; readonly target: string; readonly uid: number; readonly gid: number }
  /** Nothing was there. */
  | { readonly path: string; readonly kind: 'none' };

export const COPIES_MAX = 1000;
export const COPY_MAX_BYTES = 4 * 1024 * 1024;
const EMPTY = hashOf(Buffer.alloc(0));

/** More, or larger, than what kubeadm writes: nothing of it is taken. */
export class TooMuchToCopy extends Error {}

/** Copies the paths into `folder`, those in a folder before what lies in it, and a link before the file that it leads to: programs write there. @throws TooMuchToCopy */
export async function copyPaths(paths: readonly string[], folder: string): Promise<readonly PathCopy[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (paths.length > COPIES_MAX) throw new TooMuchToCopy(`${paths.length} paths are more than the ${COPIES_MAX} that are kept`);
  const copies: PathCopy[] = [];
  for (const path of paths) {
    const copy = await copyPath(path, folder);
    copies.push(copy);
    const end = copy.kind === 'link' ? await realpath(path).catch(() => null) : null;
    if (end !== null && !paths.includes(end) && (await stateOf(end))?.isFile() === true) copies.push(await copyPath(end, folder));
  }
  return copies;
}

async function copyPath(path: string, folder: string): Promise<PathCopy> {
  const state = await stateOf(path);
  if (state === null) return { path, kind: 'none' };
  const owner = { uid: Number(state.uid), gid: Number(state.gid) };
  const mode = Number(state.mode) & 0o7777;
  if (state.isSymbolicLink()) return { path, kind: 'link', target: await readlink(path), ...owner };
  if (state.isDirectory()) return { path, kind: 'folder', mode, ...owner };
  if (!state.isFile() || state.size > COPY_MAX_BYTES) throw new TooMuchToCopy(`${path} is no file of at most ${COPY_MAX_BYTES} bytes`);
  const content = await readFile(path);
  const sha256 = hashOf(content);
  await writeDurably(join(folder, sha256), content);
  return { path, kind: 'file', sha256, mode, ...owner, changedNs: String(state.ctimeNs) };
}

/** Every path below and including `root`, a folder before what lies in it; none where there is none. */
export async function pathsBelow(root: string): Promise<readonly string[]> {
  const state = await stateOf(root);
  if (state === null) return [];
  if (!state.isDirectory()) return [root];
  const found = [root];
  for (const name of (await readdir(root)).toSorted()) {
    found.push(...(await pathsBelow(join(root, name))));
    if (found.length > COPIES_MAX) throw new TooMuchToCopy(`${root} holds more than ${COPIES_MAX} paths`);
  }
  return found;
}

/** Idempotent; touches only what differs, and drafts that a kill left. Whatever came where nothing was is removed. @returns paths that could not be brought back. */
export async function restorePaths(copies: readonly PathCopy[], folder: string): Promise<readonly string[]> {
  const lost: string[] = [];
  for (const copy of copies) {
    await rm(besideOf(copy.path), { force: true });
    if (!(await isAsCopied(copy)) && !(await restorePath(copy, folder))) lost.push(copy.path);
  }
  return lost;
}

async function restorePath(copy: PathCopy, folder: string): Promise<boolean> {
  const { path } = copy;
  switch (copy.kind) {
    case 'none':
      await rm(path, { recursive: true, force: true });
      await syncFolder(dirname(path));
      return true;
    case 'folder':
      if ((await stateOf(path))?.isDirectory() !== true) await replaceByFolder(path);
      await chown(path, copy.uid, copy.gid);
      await chmod(path, copy.mode);
      return true;
    case 'link':
      await removeFolder(path);
      await placeLink(copy);
      return true;
    case 'file': {
      const content = await readKept(copy.sha256, folder);
      if (content === null) return false;
      await removeFolder(path);
      await placeFile(path, content, copy);
      return true;
    }
  }
}

/** No rename puts a file in a folder's place. */
async function removeFolder(path: string): Promise<void> {
  if ((await stateOf(path))?.isDirectory() === true) await rm(path, { recursive: true });
}

async function replaceByFolder(path: string): Promise<void> {
  await rm(path, { force: true });
  await mkdir(path, { recursive: true });
}

/** By kind, content, mode and owner. */
export async function isAsCopied(copy: PathCopy): Promise<boolean> {
  const state = await stateOf(copy.path);
  if (copy.kind === 'none' || state === null) return copy.kind === 'none' && state === null;
  if (Number(state.uid) !== copy.uid || Number(state.gid) !== copy.gid) return false;
  if (copy.kind === 'link') return state.isSymbolicLink() && (await readlink(copy.path)) === copy.target;
  if ((Number(state.mode) & 0o7777) !== copy.mode) return false;
  return copy.kind === 'folder' ? state.isDirectory() : state.isFile() && hashOf(await readFile(copy.path)) === copy.sha256;
}

/** Nobody wrote to it or moved it since, not even to and fro. */
export async function isUntouched(copy: PathCopy): Promise<boolean> {
  if (copy.kind !== 'file') return isAsCopied(copy);
  return String((await stateOf(copy.path))?.ctimeNs) === copy.changedNs && (await isAsCopied(copy));
}

/** Those of which a power cut left an empty file: so it ends where a file was written and not synced. */
export async function tornOf(copies: readonly PathCopy[]): Promise<readonly PathCopy[]> {
  const torn: PathCopy[] = [];
  for (const copy of copies) {
    const state = await stateOf(copy.path);
    if (state?.isFile() === true && state.size === 0n && !(copy.kind === 'file' && copy.sha256 === EMPTY)) torn.push(copy);
  }
  return torn;
}

/** Programs that write files need not sync them: from here on they are durable, with their names. What is not there is left out. */
export async function syncPaths(paths: readonly string[]): Promise<void> {
  for (const path of new Set(paths.flatMap((each) => [each, dirname(each)]))) if ((await stateOf(path)) !== null) await syncFolder(path);
}

/** @returns the first path whose kept content is gone or damaged, null where all are there. */
export async function firstLost(copies: readonly PathCopy[], folder: string): Promise<string | null> {
  for (const copy of copies) if (copy.kind === 'file' && (await readKept(copy.sha256, folder)) === null) return copy.path;
  return null;
}

async function readKept(sha256: string, folder: string): Promise<Buffer | null> {
  const content = await readFile(join(folder, sha256)).catch(() => null);
  return content !== null && hashOf(content) === sha256 ? content : null;
}

function stateOf(path: string): Promise<BigIntStats | null> {
  return lstat(path, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw error;
  });
}

function hashOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
