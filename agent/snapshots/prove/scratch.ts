import { chmod, mkdir, rm } from 'node:fs/promises';

import { type FileLock, lockFile } from '../../../shared/files/lock-file.ts';
import type { ScratchPrograms } from '../../ports/scratch-programs.ts';

/** A folder where a datastore is restored to be looked at. It holds all of a cluster's secrets: for root alone, and never for long. */
export interface Scratch {
  readonly folder: string;
  /** Ends what runs in it and removes it. Idempotent. @throws what the disk says, and ProcessesLeft */
  remove(): Promise<void>;
}

/** Something still runs there. */
export class ProcessesLeft extends Error {}

/**
 * Makes this process the one that uses the folder, and takes away what one that was killed has left: processes and files.
 *
 * @returns null while another process uses it. @throws as `remove` does
 */
export async function claimScratch(folder: string, programs: ScratchPrograms): Promise<Scratch | null> {
  const lock = lockFile(`${folder}.lock`, 0);
  if (lock === null) return null;
  try {
    await empty(folder, programs);
    await mkdir(folder, { mode: 0o700 });
    // Whatever the umask is.
    await chmod(folder, 0o700);
  } catch (error) {
    lock.release();
    throw error;
  }
  return { folder, remove: () => removed(folder, programs, lock) };
}

async function removed(folder: string, programs: ScratchPrograms, lock: FileLock): Promise<void> {
  try {
    await empty(folder, programs);
  } finally {
    lock.release();
  }
}

async function empty(folder: string, programs: ScratchPrograms): Promise<void> {
  const left = await programs.endAll(folder);
  if (left !== '') throw new ProcessesLeft(left);
  await rm(folder, { recursive: true, force: true });
}
