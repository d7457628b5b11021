import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Digest } from '../../shared/domain/ids.ts';
import { SHA256_PATTERN } from '../../shared/domain/step-limits.ts';
import { hashFile, lengthOf } from '../../shared/files/part-file.ts';
import { syncFolder } from '../../shared/files/write-durably.ts';
import { failure, type Failure } from '../../shared/trust/failure.ts';
import { freeBytesOf, KEPT_FREE_BYTES } from './free-bytes.ts';

export interface CopyHead {
  readonly sha256: Digest;
  /** Of all of it. */
  readonly sizeBytes: number;
  /** Of the first byte that follows: what `offsetOf` said. */
  readonly offset: number;
}

/**
 * copy-offset     it does not go on where the bytes that lie here end
 * copy-cut-off    it ended early: what came is kept
 * copy-corrupt    what lies here now is something else: it is deleted
 * copy-under-way  somebody else sends it now
 * disk-full       what came is kept
 */
export type CopyCode = 'copy-offset' | 'copy-cut-off' | 'copy-corrupt' | 'copy-under-way' | 'disk-full';

/**
 * Copies of snapshots as they lie on hosts, sealed, each named by its sha256. One has its name only when every byte of it was
 * hashed and fsynced; what was cut off lies beside as `.part`, and goes on from there, also after a restart.
 */
export class CopyFolder {
  readonly #folder: string;
  readonly #freeBytes: (folder: string) => Promise<number>;
  /** How much of each is yet to come. */
  readonly #underWay = new Map<Digest, number>();

  constructor(folder: string, freeBytes: (folder: string) => Promise<number> = freeBytesOf) {
    this.#folder = folder;
    this.#freeBytes = freeBytes;
  }

  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
  }

  /** How much lies here of it. */
  async offsetOf(sha256: Digest): Promise<{ readonly offset: number; readonly whole: boolean }> {
    const wholeBytes = await lengthOf(this.pathOf(sha256));
    if (wholeBytes !== null) return { offset: wholeBytes, whole: true };
    return { offset: (await lengthOf(this.#part(sha256))) ?? 0, whole: false };
  }

  /** Takes no byte more than announced. Durable and verified where it succeeds. @throws what `chunks` throws, and what the disk says but that it is full; what came is kept */
  async receive({ sha256, sizeBytes, offset }: CopyHead, chunks: AsyncIterable<Uint8Array>): Promise<{ readonly ok: true } | Failure<CopyCode>> {
    if (this.#underWay.has(sha256)) return failure('copy-under-way', 'this snapshot is being sent already; it is enough');
    this.#underWay.set(sha256, 0);
    try {
      return await this.#receive({ sha256, sizeBytes, offset }, chunks);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      return failure('disk-full', 'the disk of the coordinator ran full; free some and send it again, it goes on from there');
    } finally {
      this.#underWay.delete(sha256);
    }
  }

  /** Idempotent. */
  async remove(sha256: Digest): Promise<void> {
    await rm(this.pathOf(sha256), { force: true });
    await syncFolder(this.#folder);
  }

  /** Removes what was begun and is of nothing that `wanted` knows any more. */
  async removeParts(wanted: ReadonlySet<Digest>): Promise<void> {
    const parts = (await readdir(this.#folder)).flatMap((name) => (name.endsWith('.part') ? [name.slice(0, -'.part'.length)] : []));
    for (const sha256 of parts) if (!wanted.has(sha256) && !this.#underWay.has(sha256)) await rm(`${join(this.#folder, sha256)}.part`, { force: true });
  }

  pathOf(sha256: Digest): string {
    if (!SHA256_PATTERN.test(sha256)) throw new Error(`not a sha256: ${sha256}`);
    return join(this.#folder, sha256);
  }

  #part(sha256: Digest): string {
    return `${this.pathOf(sha256)}.part`;
  }

  async #receive({ sha256, sizeBytes, offset }: CopyHead, chunks: AsyncIterable<Uint8Array>): Promise<{ readonly ok: true } | Failure<CopyCode>> {
    const lies = await this.offsetOf(sha256);
    if (lies.whole) return { ok: true };
    if (offset !== lies.offset) return failure('copy-offset', `${lies.offset} bytes of it lie here, and what was sent begins at ${offset}; ask again where to go on from`);
    const free = await this.#freeBytes(this.#folder);
    const promised = [...this.#underWay.values()].reduce((sum, bytes) => sum + bytes, 0);
    if (free - promised - KEPT_FREE_BYTES < sizeBytes - offset) return failure('disk-full', `the coordinator's disk has not the room for ${sizeBytes - offset} more bytes of a snapshot; free some, or keep fewer (the policy's snapshots.keep)`);
    this.#underWay.set(sha256, sizeBytes - offset);
    const part = this.#part(sha256);
    const hash = createHash('sha256');
    let length = await hashFile(part, hash);
    const file = await open(part, 'a', 0o600);
    try {
      for await (const chunk of chunks) {
        length += chunk.length;
        if (length > sizeBytes) break;
        hash.update(chunk);
        // Unlike write(), all of it or an error.
        await file.appendFile(chunk);
        this.#underWay.set(sha256, sizeBytes - length);
      }
    } finally {
      try {
        await file.sync();
      } finally {
        await file.close();
      }
    }
    if (length < sizeBytes) return failure('copy-cut-off', `${length} of ${sizeBytes} bytes lie here; send it again, it goes on from there`);
    const problem = length > sizeBytes ? `more than the announced ${sizeBytes} bytes arrived` : differs(hash.digest('hex'), sha256);
    if (problem !== '') {
      // A power cut may have left a part with the wrong bytes: the next time begins with the first one.
      await rm(part, { force: true });
      return failure('copy-corrupt', `${problem}; what lay here of it was deleted, send it again`);
    }
    await rename(part, this.pathOf(sha256));
    await syncFolder(this.#folder);
    return { ok: true };
  }
}

function differs(actual: Digest, announced: Digest): string {
  return actual === announced ? '' : `what arrived has sha256 ${actual}, announced was ${announced}`;
}
