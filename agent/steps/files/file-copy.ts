import { createHash } from 'node:crypto';
import { lstat, mkdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { writeDurably } from '../../../shared/trust/write-durably.ts';
import { readFileState, sameState } from './file-state.ts';
import { besideOf, placeFile, removeFile } from './place-file.ts';
import { sha256Of } from './sha256-of.ts';

/** A file as it was. Root only: it may hold secrets. */
export type FileCopy =
  | { readonly path: string; readonly kind: 'file'; readonly sha256: string; readonly mode: number; readonly uid: number; readonly gid: number; readonly mtimeMs: number }
  /** Nothing was there. */
  | { readonly path: string; readonly kind: 'none' }
  /** A link, a folder: left alone. */
  | { readonly path: string; readonly kind: 'other' };

/** By content into `folder`, which has to be there. Durable when it resolves. */
export async function takeCopy(path: string, folder: string): Promise<FileCopy> {
  const state = await lstat(path).catch(() => null);
  if (state === null) return { path, kind: 'none' };
  if (!state.isFile()) return { path, kind: 'other' };
  const content = await readFile(path);
  const sha256 = createHash('sha256').update(content).digest('hex');
  await writeDurably(join(folder, sha256), content);
  return { path, kind: 'file', sha256, mode: state.mode & 0o7777, uid: state.uid, gid: state.gid, mtimeMs: state.mtimeMs };
}

/** Touches only what differs. Idempotent. @returns false where the copy itself is gone. */
export async function putCopyBack(copy: FileCopy, folder: string): Promise<boolean> {
  await rm(besideOf(copy.path), { force: true });
  if (copy.kind === 'other') return true;
  const now = await readFileState(copy.path);
  if (copy.kind === 'none') {
    if (now.kind === 'file') await removeFile(copy.path);
    return true;
  }
  if (sameState(now, copy)) return true;
  const content = await readFile(join(folder, copy.sha256)).catch(() => null);
  if (content === null) return false;
  await mkdir(dirname(copy.path), { recursive: true });
  await placeFile(copy.path, content, copy);
  return true;
}

export async function hasCopy(copy: FileCopy, folder: string): Promise<boolean> {
  return copy.kind !== 'file' || (await sha256Of(join(folder, copy.sha256)).catch(() => '')) === copy.sha256;
}
