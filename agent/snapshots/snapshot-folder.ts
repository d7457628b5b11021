import { mkdir, readdir, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { type FileLock, lockFile } from '../../shared/files/lock-file.ts';
import { syncFolder } from '../../shared/files/write-durably.ts';
import { PART } from './new-file.ts';

/** Kept free for what else lives on that disk: a kubelet evicts pods long before it is full. */
const RESERVE_BYTES = 64 * 1024 * 1024;

/**
 * Makes this process the one that takes a snapshot on this host, and removes what one that was killed left half done.
 *
 * @returns null while another one takes a snapshot.
 */
export async function claimSnapshotFolder(folder: string): Promise<FileLock | null> {
  if ((await mkdir(folder, { recursive: true, mode: 0o700 })) !== undefined) await syncFolder(dirname(folder));
  // Beside it: in it lies nothing but snapshots and what is known of them.
  const lock = lockFile(`${folder}.lock`, 0);
  if (lock === null) return null;
  for (const name of await readdir(folder)) if (name.endsWith(PART)) await rm(join(folder, name), { force: true });
  return lock;
}

/** How many bytes the disk lacks for a snapshot of that size, and for what stays free beside it; 0: none. */
export async function missingRoom(folder: string, sizeBytes: number): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return Math.max(0, sizeBytes + RESERVE_BYTES - bavail * bsize);
}
