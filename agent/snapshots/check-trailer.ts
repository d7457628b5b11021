import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';

import { FileShrank } from './file-ranges.ts';

/** What `etcdctl snapshot save` leaves behind the database: a sha256 of it. */
export const TRAILER_BYTES = 32;
/** Databases are made of pages, pages of sectors: what is left over is the trailer (etcd's own test for it). */
export const SECTOR_BYTES = 512;
const READ_BYTES = 1 << 20;

export function hasTrailer(size: number): boolean {
  return size > TRAILER_BYTES && size % SECTOR_BYTES === TRAILER_BYTES;
}

/** @returns the sha256 of the whole file, trailer included, and whether the trailer is that of the rest. */
export async function checkTrailer(file: FileHandle, size: number, onBytes: (bytes: number) => void, signal?: AbortSignal): Promise<{ readonly digest: string; readonly holds: boolean }> {
  const end = size - TRAILER_BYTES;
  const database = createHash('sha256');
  // One of two buffers is filled while the other one is hashed.
  let [filling, spare] = [Buffer.allocUnsafe(READ_BYTES), Buffer.allocUnsafe(READ_BYTES)];
  let filled = readAt(file, filling, 0, end);
  for (let at = 0; at < end; ) {
    const chunk = await filled;
    signal?.throwIfAborted();
    at += chunk.length;
    [filling, spare] = [spare, filling];
    filled = readAt(file, filling, at, end);
    database.update(chunk);
    onBytes(at);
  }
  const trailer = await readAt(file, Buffer.alloc(TRAILER_BYTES), end, size);
  const digest = database.copy().update(trailer).digest('hex');
  return { digest, holds: database.digest().equals(trailer) };
}

/** Fills the buffer, or as much of it as there is up to `end`. */
async function readAt(file: FileHandle, buffer: Buffer, from: number, end: number): Promise<Buffer> {
  const wanted = Math.min(buffer.length, end - from);
  let read = 0;
  while (read < wanted) {
    const { bytesRead } = await file.read(buffer, read, wanted - read, from + read);
    if (bytesRead === 0) throw new FileShrank(`the file ends at ${from + read}, where it had ${end} bytes`);
    read += bytesRead;
  }
  return buffer.subarray(0, wanted);
}
