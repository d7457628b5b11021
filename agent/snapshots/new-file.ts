import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

import { syncFolder } from '../../shared/files/write-durably.ts';

/** Left to the end, the disk gets all of it at once, and what a datastore syncs on the same disk meanwhile waits for it. */
const UNSYNCED_MAX_BYTES = 32 * 1024 * 1024;

/** A file in the making: under its own name only when it is whole and on the disk. One writer at a time per path. */
export class NewFile {
  readonly #path: string;
  readonly #file: FileHandle;
  #unsyncedBytes = 0;
  #syncing: Promise<void> = Promise.resolve();
  #ended = false;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** What an attempt before this one left beside is overwritten. */
  static async beside(path: string): Promise<NewFile> {
    const beside = besideOf(path);
    await rm(beside, { force: true });
    return new NewFile(path, await open(beside, 'wx', 0o600));
  }

  async write(bytes: Uint8Array): Promise<void> {
    // appendFile would do the same in pieces of 512 KiB, each of them a way through the thread pool.
    for (let at = 0; at < bytes.length; ) at += (await this.#file.write(bytes, at)).bytesWritten;
    this.#unsyncedBytes += bytes.length;
    if (this.#unsyncedBytes >= UNSYNCED_MAX_BYTES) await this.#syncNext();
  }

  async finish(): Promise<void> {
    await this.#syncing;
    await this.#file.sync();
    await this.#file.close();
    await rename(besideOf(this.#path), this.#path);
    this.#ended = true;
    await syncFolder(dirname(this.#path));
  }

  /** Removes what was written. Idempotent; does nothing once the file has its name; never rejects. */
  async discard(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#syncing.catch(() => undefined);
    await this.#file.close().catch(() => undefined);
    await rm(besideOf(this.#path), { force: true }).catch(() => undefined);
  }

  /** What was written until now goes to the disk while more is written. */
  async #syncNext(): Promise<void> {
    await this.#syncing;
    this.#unsyncedBytes = 0;
    this.#syncing = this.#file.datasync();
    // Thrown by whoever waits for it next.
    this.#syncing.catch(() => undefined);
  }
}

/** How the name of a file ends that is not whole. */
export const PART = '.part';

export function besideOf(path: string): string {
  return `${path}${PART}`;
}
