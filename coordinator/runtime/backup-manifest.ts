import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

import { sha256Of } from '../../shared/files/sha256-of.ts';

/** One file of a backup. `name` is its path in the data folder. */
export interface BackupFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly mode: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** What a backup holds, in the order in which the contents follow. */
export interface BackupManifest {
  readonly madeAtUnixMs: number;
  readonly files: readonly BackupFile[];
}

/** Relative, without `.` and `..`: also a backup that was made by somebody with the passphrase stays in the data folder. */
const NAME_PATTERN = /^(?!\.{1,2}(\/|$))[A-Za-z0-9._-]+(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._-]+)*$/;
const FILES_MAX = 10_000;

const manifestSchema = z.object({
  madeAtUnixMs: z.number(),
  files: z.array(z.object({
    name: z.string().regex(NAME_PATTERN),
    sizeBytes: z.int().nonnegative(),
    mode: z.int().min(0).max(0o777),
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
  })).max(FILES_MAX),
});

/** Unknown fields of a later version are skipped. @throws when it is no manifest. */
export function parseManifest(json: string): BackupManifest {
  return manifestSchema.parse(JSON.parse(json));
}

export async function describeFile(path: string, name: string): Promise<BackupFile> {
  const sha256 = await sha256Of(path);
  const { size, mode } = await stat(path);
  return { name, sizeBytes: size, mode: mode & 0o777, sha256 };
}

/** Every regular file below a folder, as paths relative to it, sorted. A folder that is not there holds none. */
export async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).toSorted();
}
