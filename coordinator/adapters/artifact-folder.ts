import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

import { SHA256_PATTERN } from '../../shared/domain/step-limits.ts';
import { failure, type Failure } from '../../shared/trust/failure.ts';
import { syncFolder, writeDurably } from '../../shared/files/write-durably.ts';
import { freeBytesOf, KEPT_FREE_BYTES } from './free-bytes.ts';

/** What is known of an artifact beside its bytes: `<sha256>.json`. */
const Label = z.object({ name: z.string(), addedBy: z.string(), addedUnixMs: z.number() });

export type StoredArtifact = Readonly<z.infer<typeof Label>> & { readonly sha256: string; readonly size: number };

export type AddCode = 'artifact-corrupt' | 'artifact-under-way' | 'disk-full';

export type Added = { readonly ok: true; readonly artifact: StoredArtifact } | Failure<AddCode>;

/**
 * The files that hosts fetch, each named by its sha256, on one disk of this coordinator. A file has its name only when
 * every byte of it was hashed and fsynced.
 */
export class ArtifactFolder {
  readonly #folder: string;
  readonly #freeBytes: (folder: string) => Promise<number>;
  readonly #underWay = new Set<string>();

  constructor(folder: string, freeBytes = freeBytesOf) {
    this.#folder = folder;
    this.#freeBytes = freeBytes;
  }

  /** Removes what a crash left half-written. Only one process has the data folder. */
  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.#folder)) if (name.endsWith('.part')) await rm(join(this.#folder, name));
  }

  async find(sha256: string): Promise<StoredArtifact | null> {
    const file = await stat(join(this.#folder, sha256)).catch(() => null);
    if (file === null || !file.isFile()) return null;
    // A person may have put it there by hand: then nothing but its bytes is known.
    const label = readLabel(await readFile(this.#label(sha256), 'utf8').catch(() => '')) ?? { name: '', addedBy: '', addedUnixMs: Math.round(file.mtimeMs) };
    return { sha256, size: file.size, ...label };
  }

  /** Ordered by name, then by sha256. */
  async list(): Promise<readonly StoredArtifact[]> {
    const found: StoredArtifact[] = [];
    for (const sha256 of await readdir(this.#folder)) {
      const artifact = SHA256_PATTERN.test(sha256) ? await this.find(sha256) : null;
      if (artifact !== null) found.push(artifact);
    }
    const key = ({ name, sha256 }: StoredArtifact): string => `${name}\n${sha256}`;
    return found.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  }

  /** Takes no byte more than `size`. Whatever goes wrong, nothing of it stays. @throws what `chunks` throws. */
  async add(artifact: StoredArtifact, chunks: AsyncIterable<Uint8Array>): Promise<Added> {
    const { sha256, size, ...label } = artifact;
    if (this.#underWay.has(sha256)) return failure('artifact-under-way', `artifact ${sha256} is being added by somebody else; wait for that to end`);
    const freeBytes = (await this.#freeBytes(this.#folder)) - KEPT_FREE_BYTES;
    if (freeBytes < size) return failure('disk-full', `there is room for ${Math.max(0, freeBytes)} bytes on the coordinator's disk, the artifact has ${size}; remove others (farrier artifact ls) or free some`);
    const path = join(this.#folder, sha256);
    const part = `${path}.part`;
    this.#underWay.add(sha256);
    try {
      const problem = await writeHashed(part, { sha256, size }, chunks);
      if (problem !== null) return failure('artifact-corrupt', problem);
      await writeDurably(this.#label(sha256), JSON.stringify(label));
      await rename(part, path);
      await syncFolder(this.#folder);
      return { ok: true, artifact };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return failure('disk-full', 'the disk of the coordinator ran full meanwhile; nothing was kept');
      throw error;
    } finally {
      await rm(part, { force: true });
      this.#underWay.delete(sha256);
    }
  }

  pathOf(sha256: string): string {
    return join(this.#folder, sha256);
  }

  /** A transfer that is under way goes on from the open file. Idempotent. */
  async remove(sha256: string): Promise<void> {
    await rm(join(this.#folder, sha256), { force: true });
    await rm(this.#label(sha256), { force: true });
    await syncFolder(this.#folder);
  }

  #label(sha256: string): string {
    return join(this.#folder, `${sha256}.json`);
  }
}

function readLabel(text: string): z.infer<typeof Label> | null {
  try {
    return Label.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** @returns what is wrong with the bytes; null where they are those that were announced. */
async function writeHashed(path: string, { sha256, size }: { readonly sha256: string; readonly size: number }, chunks: AsyncIterable<Uint8Array>): Promise<string | null> {
  const hash = createHash('sha256');
  const file = await open(path, 'w', 0o600);
  try {
    let length = 0;
    for await (const chunk of chunks) {
      length += chunk.length;
      if (length > size) return `more than the announced ${size} bytes arrived: the file grew while it was sent`;
      hash.update(chunk);
      await file.appendFile(chunk);
    }
    if (length < size) return `${length} of ${size} bytes arrived: the file shrank while it was sent, or the transfer was cut off`;
    const actual = hash.digest('hex');
    if (actual !== sha256) return `what arrived has sha256 ${actual}, announced was ${sha256}: the file changed while it was sent`;
    await file.sync();
    return null;
  } finally {
    await file.close();
  }
}
