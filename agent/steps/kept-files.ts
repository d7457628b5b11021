import { chmod, chown, copyFile, link, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { syncFolder } from '../../shared/files/write-durably.ts';
import { hasSha256 } from '../../shared/files/part-file.ts';
import { sha256Of } from '../../shared/files/sha256-of.ts';

/** A file as it was, kept in the step's folder. */
export type FileCopy =
  | { readonly path: string; readonly kind: 'file'; readonly sha256: string; readonly mode: number; readonly uid: number; readonly gid: number }
  /** Nothing was there. */
  | { readonly path: string; readonly kind: 'none' };

/** Keeps a file: by a second name of it where the folder is on the same disk, else as a copy. Nobody writes into the first meanwhile but through a rename. */
export async function keepFile(path: string, folder: string): Promise<FileCopy> {
  const state = await lstat(path).catch(() => null);
  if (state === null) return { path, kind: 'none' };
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const kept = keptPath(path, folder);
  await rm(kept, { force: true });
  await linkOrCopy(path, kept);
  await syncFile(kept);
  await syncFolder(folder);
  await syncFolder(dirname(folder));
  return { path, kind: 'file', sha256: await sha256Of(kept), mode: state.mode & 0o7777, uid: state.uid, gid: state.gid };
}

/** Is what is needed to bring it back still what it was? */
export async function isKept(copy: FileCopy, folder: string): Promise<boolean> {
  return copy.kind === 'none' || (await hasSha256(keptPath(copy.path, folder), copy.sha256));
}

/** Whether a file is as it was found: content, mode and owner. */
export async function isBack(copy: FileCopy): Promise<boolean> {
  const state = await lstat(copy.path).catch(() => null);
  if (copy.kind === 'none' || state === null) return state === null && copy.kind === 'none';
  return state.isFile() && (state.mode & 0o7777) === copy.mode && state.uid === copy.uid && state.gid === copy.gid && (await hasSha256(copy.path, copy.sha256));
}

/** Brings a file back as it was, by one rename; durable. Idempotent. @returns false where what was kept is gone or damaged. */
export async function restoreFile(copy: FileCopy, folder: string): Promise<boolean> {
  // An attempt that was cut off may have left it.
  await rm(draftOf(copy.path), { force: true });
  if (await isBack(copy)) return true;
  if (copy.kind === 'none') await rm(copy.path, { force: true });
  else if (!(await isKept(copy, folder))) return false;
  else await placeKept(copy, folder, copy.path);
  await syncFolder(dirname(copy.path));
  return true;
}

/** Gives what was kept another name, as `place`: the same bytes, mode and owner. */
export async function placeKept(copy: Extract<FileCopy, { readonly kind: 'file' }>, folder: string, place: string): Promise<void> {
  const draft = draftOf(place);
  await rm(draft, { force: true });
  await linkOrCopy(keptPath(copy.path, folder), draft);
  await chown(draft, copy.uid, copy.gid);
  await chmod(draft, copy.mode);
  await syncFile(draft);
  await rename(draft, place);
  // rename(2) does nothing between two names of one file.
  await rm(draft, { force: true });
}

function draftOf(place: string): string {
  return `${place}.farrier-new`;
}

function keptPath(path: string, folder: string): string {
  return join(folder, basename(path));
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    // Another disk, too many names, or a file system without them.
    if (!['EXDEV', 'EMLINK', 'EPERM', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await copyFile(from, to);
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
