import { lchown, open, rename, rm, stat, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { syncFolder } from '../../../shared/files/write-durably.ts';

export interface FileLook {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Absent: now. */
  readonly mtimeMs?: number;
}

/** Hidden, so that no program that reads a whole folder takes it for one of its settings, and no kubelet for a static pod. */
export function besideOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.farrier-new`);
}

/** After a power cut it is the old file or the new one, with all that belongs to it. Idempotent. */
export async function placeFile(path: string, content: Uint8Array, { mode, uid, gid, mtimeMs }: FileLook): Promise<void> {
  const beside = besideOf(path);
  await rm(beside, { force: true });
  // Exclusive: it follows no link that somebody laid there meanwhile.
  const file = await open(beside, 'wx', 0o600);
  try {
    await file.writeFile(content);
    await file.chown(uid, gid);
    await file.chmod(mode);
    if (mtimeMs !== undefined) await file.utimes(mtimeMs / 1000, mtimeMs / 1000);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
  await syncFolder(dirname(path));
}

/** Other content for a file that keeps its mode and its owner; one that is not there is root's, for all to read. */
export async function rewriteFile(path: string, content: string): Promise<void> {
  const look = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return { mode: 0o644, uid: 0, gid: 0 };
    throw error;
  });
  await placeFile(path, Buffer.from(content), { mode: look.mode & 0o7777, uid: look.uid, gid: look.gid });
}

/** As placeFile; the link itself, wherever it leads. */
export async function placeLink({ path, target, uid, gid }: { readonly path: string; readonly target: string; readonly uid: number; readonly gid: number }): Promise<void> {
  const beside = besideOf(path);
  await rm(beside, { force: true });
  await symlink(target, beside);
  await lchown(beside, uid, gid);
  await rename(beside, path);
  await syncFolder(dirname(path));
}

/** Idempotent. */
export async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true });
  await syncFolder(dirname(path)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}
