import { setImmediate as turn } from 'node:timers/promises';
import { stat } from 'node:fs/promises';

import { Damage, type DamageCode } from './bolt/damage.ts';
import { hasMagic, readMetaPages } from './bolt/meta.ts';
import { SECTOR_BYTES, TRAILER_BYTES, checkTrailer, hasTrailer } from './check-trailer.ts';
import { type Contents, readContents } from './contents/read-contents.ts';
import { FileRanges, FileShrank } from './file-ranges.ts';

/**
 * empty              a file of no bytes
 * truncated          it ends before its database does, or within the trailer
 * no-trailer         a database without the sha256 that a snapshot ends with: a copy of a member's file, say
 * hash-mismatch      the sha256 at its end is not that of what stands before it
 * not-a-database     nothing in it is bbolt's
 * damaged-structure  the sha256 holds, and what it holds is damaged: so it was when the snapshot was taken
 * unreadable         the file cannot be read
 */
export type SnapshotProblem = 'empty' | 'truncated' | 'no-trailer' | 'hash-mismatch' | 'not-a-database' | 'damaged-structure' | 'unreadable';

export interface CheckedSnapshot extends Contents {
  readonly ok: true;
  /** sha256 of the whole file, in hexadecimal. */
  readonly digest: string;
  /** Bytes of the whole file. */
  readonly size: number;
}

export interface RefusedSnapshot {
  readonly ok: false;
  readonly code: SnapshotProblem;
  /** What is damaged, and on which page; null for every other problem. */
  readonly damage: { readonly code: DamageCode; readonly page: number | null } | null;
  readonly message: string;
}

export type SnapshotCheck = CheckedSnapshot | RefusedSnapshot;

export interface CheckProgress {
  readonly part: 'hash' | 'walk';
  /** 0 to 1, of this part. */
  readonly done: number;
}

export interface CheckOptions {
  /** Also what a member would answer to HashKV; costs another walk over the keys. */
  readonly withKvHash?: boolean;
  readonly onProgress?: (progress: CheckProgress) => void;
}

/** Others get their turn after so long: the agent answers its coordinator meanwhile. */
const SLICE_MS = 10;

/**
 * Whether a snapshot is what its member sent, and a database that can be read to its end. `etcdutl snapshot status` is no
 * such check: it passes over the trailer. Reads only; memory does not grow with the file.
 *
 * @throws the signal's reason
 */
export async function checkSnapshot(path: string, { withKvHash = false, onProgress = () => undefined }: CheckOptions = {}, signal?: AbortSignal): Promise<SnapshotCheck> {
  try {
    const { size } = await stat(path);
    if (size === 0) return refused('empty', 'the file is empty');
    if (!hasTrailer(size)) return withoutTrailer(path, size);
    const { digest, holds } = await checkTrailer(path, (bytes) => onProgress({ part: 'hash', done: bytes / (size - TRAILER_BYTES) }), signal);
    if (!holds) return mismatched(path, size);
    const contents = await walked(path, withKvHash, onProgress, signal);
    return { ok: true, digest, size, ...contents };
  } catch (error) {
    if (error instanceof Damage) return { ...refused('damaged-structure', error.message), damage: { code: error.code, page: error.page } };
    if (error instanceof FileShrank || isSystemError(error)) return refused('unreadable', error.message);
    throw error;
  }
}

async function walked(path: string, withKvHash: boolean, onProgress: (progress: CheckProgress) => void, signal: AbortSignal | undefined): Promise<Contents> {
  const file = new FileRanges(path, TRAILER_BYTES);
  try {
    const walk = readContents(file, { withKvHash });
    for (;;) {
      const untilMs = performance.now() + SLICE_MS;
      let step = walk.next();
      while (step.done !== true && performance.now() < untilMs) step = walk.next();
      if (step.done === true) return step.value;
      onProgress({ part: 'walk', done: step.value.pages / step.value.of });
      await turn();
      signal?.throwIfAborted();
    }
  } finally {
    file.close();
  }
}

function withoutTrailer(path: string, size: number): RefusedSnapshot {
  const held = heldBy(path, 0);
  if (held === 'no-database') return refused('not-a-database', `${size} bytes, and nothing of bbolt's in them`);
  // What is left over of a sector is what is left of the trailer.
  if (held === 'whole' && size % SECTOR_BYTES === 0) return refused('no-trailer', `a database of ${size} bytes without the sha256 that a snapshot ends with`);
  return refused('truncated', `${size} bytes are not all of the snapshot`);
}

function mismatched(path: string, size: number): RefusedSnapshot {
  const held = heldBy(path, TRAILER_BYTES);
  if (held === 'no-database') return refused('not-a-database', `${size} bytes, and nothing of bbolt's in them`);
  if (held === 'part') return refused('truncated', `${size} bytes are not all of the snapshot`);
  return refused('hash-mismatch', 'the sha256 at its end is not that of what stands before it');
}

/** How much of a database is there, as its meta pages tell; one whose meta pages are damaged may be whole. */
function heldBy(path: string, trailerBytes: number): 'no-database' | 'part' | 'whole' {
  const file = new FileRanges(path, trailerBytes);
  try {
    if (!hasMagic(file)) return 'no-database';
    readMetaPages(file);
    return 'whole';
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    return error.code === 'too-short' ? 'part' : 'whole';
  } finally {
    file.close();
  }
}

function refused(code: SnapshotProblem, message: string): RefusedSnapshot {
  return { ok: false, code, damage: null, message };
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
