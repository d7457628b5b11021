import { failure, type Failure } from '../../shared/trust/failure.ts';
import { isDiskFull } from '../core/disk-full.ts';
import { megabytes } from './megabytes.ts';
import { claimSnapshotFolder, missingRoom } from './snapshot-folder.ts';

/**
 * snapshot-running  another process takes one on this host
 * disk-full         before the first byte, or with it half done
 * disk-failed       the disk says something else
 */
export type FolderCode = 'snapshot-running' | 'disk-full' | 'disk-failed';

/** Takes a snapshot into a folder as the only one that does; what its disk says is an answer. @throws the signal's reason, and bugs */
export async function takeIntoFolder<T>(folder: string, take: () => Promise<T>, signal: AbortSignal): Promise<T | Failure<FolderCode>> {
  try {
    const lock = await claimSnapshotFolder(folder);
    if (lock === null) return failure('snapshot-running', `another snapshot is being taken into ${folder}; it is enough, or try again when it is done`);
    try {
      return await take();
    } finally {
      lock.release();
    }
  } catch (error) {
    signal.throwIfAborted();
    const failed = diskFailure(error, folder);
    if (failed === null) throw error;
    return failed;
  }
}

/** Before anything is asked of the datastore. @returns null where there is room for a snapshot of that size */
export async function refuseWithoutRoom(folder: string, sizeBytes: number): Promise<Failure<'disk-full'> | null> {
  const missing = await missingRoom(folder, sizeBytes);
  if (missing === 0) return null;
  return failure('disk-full', `the snapshot needs up to ${megabytes(sizeBytes)} in ${folder}, which lacks ${megabytes(missing)} for it; free them, or keep snapshots on another disk`);
}

/** @returns null where it is no disk that says so. */
function diskFailure(error: unknown, folder: string): Failure<FolderCode> | null {
  if (isDiskFull(error)) return failure('disk-full', `the disk of ${folder} became full while the snapshot was taken; it was removed. Free space, or keep snapshots on another disk`);
  const { syscall, message } = error as NodeJS.ErrnoException;
  return syscall === undefined ? null : failure('disk-failed', `the snapshot cannot be written into ${folder}: ${message}`);
}
