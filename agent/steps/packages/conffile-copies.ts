import { createHash } from 'node:crypto';
import { chmod, chown, lstat, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { writeDurably } from '../../../shared/trust/write-durably.ts';

/** A configuration file as it was. Root only: it may hold secrets. */
export type ConffileCopy =
  | { readonly path: string; readonly kind: 'file'; readonly sha256: string; readonly mode: number; readonly uid: number; readonly gid: number }
  /** Nothing was there. */
  | { readonly path: string; readonly kind: 'none' }
  /** A link, a folder: not dpkg's to change, left alone. */
  | { readonly path: string; readonly kind: 'other' };

/** What dpkg leaves beside a configuration file. */
const BESIDE = ['.dpkg-new', '.dpkg-old', '.dpkg-dist'];

/** Copies what a transaction may change into `folder`, by content. */
export async function copyConffiles(paths: readonly string[], folder: string): Promise<readonly ConffileCopy[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const all = [...new Set(paths)].flatMap((path) => [path, ...BESIDE.map((suffix) => path + suffix)]);
  return Promise.all(all.map((path) => copyOne(path, folder)));
}

async function copyOne(path: string, folder: string): Promise<ConffileCopy> {
  const state = await lstat(path).catch(() => null);
  if (state === null) return { path, kind: 'none' };
  if (!state.isFile()) return { path, kind: 'other' };
  const content = await readFile(path);
  const sha256 = createHash('sha256').update(content).digest('hex');
  await writeDurably(join(folder, sha256), content);
  return { path, kind: 'file', sha256, mode: state.mode & 0o7777, uid: state.uid, gid: state.gid };
}

/** Idempotent; touches only what differs. @returns paths that could not be brought back. */
export async function restoreConffiles(copies: readonly ConffileCopy[], folder: string): Promise<readonly string[]> {
  const lost: string[] = [];
  for (const copy of copies) {
    if (copy.kind === 'none') await removeFile(copy.path);
    if (copy.kind === 'file' && !(await restoreOne(copy, folder))) lost.push(copy.path);
  }
  return lost;
}

async function removeFile(path: string): Promise<void> {
  const state = await lstat(path).catch(() => null);
  if (state?.isFile() === true) await rm(path);
}

async function restoreOne(copy: Extract<ConffileCopy, { readonly kind: 'file' }>, folder: string): Promise<boolean> {
  const state = await lstat(copy.path).catch(() => null);
  const now = state?.isFile() === true ? createHash('sha256').update(await readFile(copy.path)).digest('hex') : '';
  if (now === copy.sha256 && state?.uid === copy.uid && state.gid === copy.gid && (state.mode & 0o7777) === copy.mode) return true;
  const content = await readFile(join(folder, copy.sha256)).catch(() => null);
  if (content === null) return false;
  const draft = `${copy.path}.farrier-new`;
  await mkdir(dirname(copy.path), { recursive: true });
  await writeDurably(draft, content);
  await chown(draft, copy.uid, copy.gid);
  await chmod(draft, copy.mode);
  await rename(draft, copy.path);
  return true;
}
