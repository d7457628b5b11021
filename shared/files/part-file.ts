import type { Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

import { sha256Of } from './sha256-of.ts';

/** @returns how many bytes went into the hash; 0 where there is no such file. */
export async function hashFile(path: string, hash: Hash): Promise<number> {
  if ((await lengthOf(path)) === null) return 0;
  let length = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    length += chunk.length;
  }
  return length;
}

export async function hasSha256(path: string, sha256: string): Promise<boolean> {
  if ((await lengthOf(path)) === null) return false;
  return (await sha256Of(path)) === sha256;
}

/** @returns null where there is no such file. */
export async function lengthOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
