import { mkdir } from 'node:fs/promises';

import { type FileCopy, putCopyBack, takeCopy } from '../files/file-copy.ts';

/** What dpkg leaves beside a configuration file. */
const BESIDE = ['.dpkg-new', '.dpkg-old', '.dpkg-dist'];

/** Copies what a transaction may change into `folder`, by content. */
export async function copyConffiles(paths: readonly string[], folder: string): Promise<readonly FileCopy[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const all = [...new Set(paths)].flatMap((path) => [path, ...BESIDE.map((suffix) => path + suffix)]);
  return Promise.all(all.map((path) => takeCopy(path, folder)));
}

/** Idempotent; touches only what differs. @returns paths that could not be brought back. */
export async function restoreConffiles(copies: readonly FileCopy[], folder: string): Promise<readonly string[]> {
  const lost: string[] = [];
  for (const copy of copies) if (!(await putCopyBack(copy, folder))) lost.push(copy.path);
  return lost;
}
