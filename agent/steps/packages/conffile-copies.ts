import { mkdir, realpath } from 'node:fs/promises';

import type { ConffileSuffixes } from '../../ports/package-system.ts';
import { type FileCopy, putCopyBack, takeCopy } from '../files/file-copy.ts';

/**
 * Copies what a transaction may change into `folder`, by content: configuration files and what is laid beside them. dpkg
 * writes where a link leads, rpm lays a file in its place: both are kept.
 */
export async function copyConffiles(paths: readonly string[], { persons, packages, others }: ConffileSuffixes, folder: string): Promise<readonly FileCopy[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const ends = await Promise.all(paths.map((path) => realpath(path).catch(() => path)));
  const all = [...new Set([...paths, ...ends])].flatMap((path) => [path, ...[persons, packages, ...others].map((suffix) => path + suffix)]);
  const copies: FileCopy[] = [];
  for (const path of all) copies.push(await takeCopy(path, folder));
  return copies;
}

/** Idempotent; touches only what differs. @returns paths that could not be brought back. */
export async function restoreConffiles(copies: readonly FileCopy[], folder: string): Promise<readonly string[]> {
  const lost: string[] = [];
  for (const copy of copies) if (!(await putCopyBack(copy, folder))) lost.push(copy.path);
  return lost;
}
