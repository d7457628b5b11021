import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { writeDurably } from '../../../shared/files/write-durably.ts';
import type { PathCopy } from '../files/path-copies.ts';
import type { ConfigFile } from './hosts-files.ts';

/** A configuration that is neither what the step found nor what it wrote: somebody was there since. */
export interface ChangedSince {
  readonly path: string;
  /** Null: there was none. */
  readonly was: string | null;
  readonly written: string;
  readonly now: string;
}

/** Before it is written: a revert has to tell it from what a person wrote since. */
export async function rememberWritten(file: ConfigFile, folder: string): Promise<void> {
  await writeDurably(join(folder, WRITTEN), JSON.stringify(file));
}

/** @returns null where nothing was written, or nobody was there since */
export async function changedSince(copies: readonly PathCopy[], copiesFolder: string, folder: string): Promise<ChangedSince | null> {
  const remembered = await readFile(join(folder, WRITTEN), 'utf8').catch(() => null);
  if (remembered === null) return null;
  const { path, text: written } = JSON.parse(remembered) as ConfigFile;
  const copy = copies.find((one) => one.path === path);
  const now = await readFile(path, 'utf8').catch(() => null);
  if (now === null || now === written || (copy?.kind !== 'file' && copy?.kind !== 'none')) return null;
  const was = copy.kind === 'none' ? null : await readFile(join(copiesFolder, copy.sha256), 'utf8').catch(() => null);
  // A copy that is gone is told by whoever needs it.
  return now === was || (was === null && copy.kind === 'file') ? null : { path, was, written, now };
}

const WRITTEN = 'written.json';
