import { mkdir } from 'node:fs/promises';

import type { ConffileSuffixes } from '../../ports/package-system.ts';
import { type FileCopy, putCopyBack, takeCopy } from '../files/file-copy.ts';

/** Copies what a transaction may change into `folder`, by content: configuration files and what is laid beside them. */
export async function copyConffiles(paths: readonly string[], { persons, packages, others }: ConffileSuffixes, folder: string): Promise<readonly FileCopy[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const all = [...new Set(paths)].flatMap((path) => [path, ...[persons, packages, ...others].map((suffix) => path + suffix)]);
  return Promise.all(all.map((path) => takeCopy(path, folder)));
}

/** Idempotent; touches only what differs. @returns paths that could not be brought back. */
export async function restoreConffiles(copies: readonly FileCopy[], folder: string): Promise<readonly string[]> {
  const lost: string[] = [];
  for (const copy of copies) if (!(await putCopyBack(copy, folder))) lost.push(copy.path);
  return lost;
}
