import { isDiskFull } from '../core/disk-full.ts';

/** @returns the error where the disk is full. @throws whatever else went wrong. */
export async function orDiskFull<T>(writing: Promise<T>): Promise<T | Error> {
  return await writing.catch((error: unknown) => {
    if (isDiskFull(error)) return error;
    throw error;
  });
}
