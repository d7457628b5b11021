import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { writeDurably } from '../../../shared/files/write-durably.ts';
import type { PackageChange, PackageFile } from '../../ports/package-system.ts';
import { sha256Of } from '../../../shared/files/sha256-of.ts';

/** What staging brought to the host: the whole transaction, and every file that going there and back needs. */
export interface Staged {
  /** Of the step's own text: a file staged for another one is not this one's. */
  readonly spec: string;
  readonly changes: readonly PackageChange[];
  readonly newFiles: readonly StagedFile[];
  readonly oldFiles: readonly StagedFile[];
}

export type StagedFile = PackageFile & { readonly sha256: string };

const FILE = 'staged.json';

export async function writeStaged(folder: string, staged: Staged): Promise<void> {
  await writeDurably(join(folder, FILE), JSON.stringify(staged));
}

/** @returns null where nothing was staged, or not for this. */
export async function readStaged(folder: string, spec: string): Promise<Staged | null> {
  const text = await readFile(join(folder, FILE), 'utf8').catch(() => null);
  if (text === null) return null;
  const staged = JSON.parse(text) as Staged;
  return staged.spec === spec ? staged : null;
}

/** @returns the first file that is not, or no longer, what was staged; null where all are. */
export async function damaged(files: readonly StagedFile[]): Promise<string | null> {
  for (const { path, sha256 } of files) {
    if ((await sha256Of(path).catch(() => '')) !== sha256) return path;
  }
  return null;
}
