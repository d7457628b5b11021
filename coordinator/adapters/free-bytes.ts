import { statfs } from 'node:fs/promises';

/** Stays free for the store, which lies on the same disk more often than not. */
export const KEPT_FREE_BYTES = 64 * 1024 ** 2;

/** On the disk of a folder that is there. */
export async function freeBytesOf(folder: string): Promise<number> {
  const disk = await statfs(folder);
  return disk.bavail * disk.bsize;
}
