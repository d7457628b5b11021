import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { syncFolder } from '../../../shared/trust/write-durably.ts';

export interface FileLook {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Absent: now. */
  readonly mtimeMs?: number;
}

/** Hidden, so that no program that reads a whole folder of settings takes it for one. */
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

/** Idempotent. */
export async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true });
  await syncFolder(dirname(path)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}
