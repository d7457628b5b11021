import { type FileHandle, open } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';

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
 * such check: it passes over the trailer. Reads only; memory does not grow with the file. All is read of one open file, so
 * that what is hashed is what is walked through, whatever takes its name meanwhile.
 *
 * @throws the signal's reason
 */
export async function checkSnapshot(path: string, options: CheckOptions = {}, signal?: AbortSignal): Promise<SnapshotCheck> {
  try {
    const file = await open(path, 'r');
    try {
      return await checked(file, options, signal);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof Damage) return { ...refused('damaged-structure', error.message), damage: { code: error.code, page: error.page } };
    if (error instanceof FileShrank || isSystemError(error)) return refused('unreadable', error.message);
    throw error;
  }
}

async function checked(file: FileHandle, { withKvHash = false, onProgress = () => undefined }: CheckOptions, signal: AbortSignal | undefined): Promise<SnapshotCheck> {
  const { size } = await file.stat();
  if (size === 0) return refused('empty', 'the file is empty');
  if (!hasTrailer(size)) return withoutTrailer(new FileRanges(file.fd, size));
  const database = new FileRanges(file.fd, size - TRAILER_BYTES);
  const { digest, holds } = await checkTrailer(file, size, (bytes) => onProgress({ part: 'hash', done: bytes / database.size }), signal);
  if (!holds) return mismatched(database);
  return { ok: true, digest, size, ...(await walked(database, withKvHash, onProgress, signal)) };
}

async function walked(database: FileRanges, withKvHash: boolean, onProgress: (progress: CheckProgress) => void, signal: AbortSignal | undefined): Promise<Contents> {
  const walk = readContents(database, { withKvHash });
  for (;;) {
    const untilMs = performance.now() + SLICE_MS;
    let step = walk.next();
    while (step.done !== true && performance.now() < untilMs) step = walk.next();
    if (step.done === true) return step.value;
    onProgress({ part: 'walk', done: step.value.pages / step.value.of });
    await turn();
    signal?.throwIfAborted();
  }
}

function withoutTrailer(file: FileRanges): RefusedSnapshot {
  // What is left over of a sector is what is left of the trailer.
  const whole = held(file) === 'whole' && file.size % SECTOR_BYTES === 0;
  return whole ? refused('no-trailer', `a database of ${file.size} bytes without the sha256 that a snapshot ends with`) : partOf(file);
}

function mismatched(database: FileRanges): RefusedSnapshot {
  return held(database) === 'whole' ? refused('hash-mismatch', 'the sha256 at its end is not that of what stands before it') : partOf(database);
}

function partOf(file: FileRanges): RefusedSnapshot {
  return held(file) === 'nothing' ? refused('not-a-database', "nothing of bbolt's stands where it begins") : refused('truncated', 'the file ends before the snapshot does');
}

/** How much of a database is there, as its meta pages tell; one whose meta pages are damaged may be whole. */
function held(file: FileRanges): 'nothing' | 'part' | 'whole' {
  if (!hasMagic(file)) return 'nothing';
  try {
    readMetaPages(file);
    return 'whole';
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    return error.code === 'too-short' ? 'part' : 'whole';
  }
}

function refused(code: SnapshotProblem, message: string): RefusedSnapshot {
  return { ok: false, code, damage: null, message };
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
