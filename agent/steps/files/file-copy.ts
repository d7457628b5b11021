import { createHash } from 'node:crypto';
import { lstat, mkdir, readFile, readlink, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { writeDurably } from '../../../shared/files/write-durably.ts';
import { readFileState, sameState } from './file-state.ts';
import { besideOf, placeFile, placeLink, removeFile } from './place-file.ts';
import { sha256Of } from '../../../shared/files/sha256-of.ts';

/** A file as it was. Root only: it may hold secrets. */
export type FileCopy =
  | { readonly path: string; readonly kind: 'file'; readonly sha256: string; readonly mode: number; readonly uid: number; readonly gid: number; readonly mtimeMs: number }
  | { readonly path: string; readonly kind: 'link'; readonly target: string; readonly uid: number; readonly gid: number }
  /** Nothing was there. */
  | { readonly path: string; readonly kind: 'none' }
  /** A folder, a device: left alone. */
  | { readonly path: string; readonly kind: 'other' };

/** By content into `folder`, which has to be there. Durable when it resolves. One at a time for each folder: two files may have one content. */
export async function takeCopy(path: string, folder: string): Promise<FileCopy> {
  const state = await lstat(path).catch(() => null);
  if (state === null) return { path, kind: 'none' };
  const { uid, gid } = state;
  if (state.isSymbolicLink()) return { path, kind: 'link', target: await readlink(path), uid, gid };
  if (!state.isFile()) return { path, kind: 'other' };
  const content = await readFile(path);
  const sha256 = hashOf(content);
  await writeDurably(join(folder, sha256), content);
  return { path, kind: 'file', sha256, mode: state.mode & 0o7777, uid, gid, mtimeMs: state.mtimeMs };
}

/** Touches only what differs. Idempotent. @returns false where the copy itself is gone or damaged. */
export async function putCopyBack(copy: FileCopy, folder: string): Promise<boolean> {
  const { path } = copy;
  await rm(besideOf(path), { force: true });
  switch (copy.kind) {
    case 'other':
      return true;
    case 'none':
      if ((await lstat(path).catch(() => null))?.isDirectory() === false) await removeFile(path);
      return true;
    case 'link':
      if ((await readlink(path).catch(() => null)) === copy.target) return true;
      await mkdir(dirname(path), { recursive: true });
      await placeLink(copy);
      return true;
    case 'file': {
      if (sameState(await readFileState(path), copy)) return true;
      const content = await readFile(join(folder, copy.sha256)).catch(() => null);
      if (content === null || hashOf(content) !== copy.sha256) return false;
      await mkdir(dirname(path), { recursive: true });
      await placeFile(path, content, copy);
      return true;
    }
  }
}

export async function hasCopy(copy: FileCopy, folder: string): Promise<boolean> {
  return copy.kind !== 'file' || (await sha256Of(join(folder, copy.sha256)).catch(() => '')) === copy.sha256;
}

function hashOf(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
