import { createReadStream } from 'node:fs';
import { chmod, chown, lchown, lstat, mkdir, open, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Extract as Archive } from 'tar-stream';

import { ArchiveError, KNOWN_NAMES } from './read-archive.ts';

/**
 * Writes all that an archive holds, with modes and owners, below a folder that is there and empty; durable by whoever syncs it. No
 * name leads out of it, and none through a link. @throws ArchiveError, and what the disk or the signal says
 */
export async function unpackArchive(path: string, folder: string, signal: AbortSignal): Promise<void> {
  const { extract } = await import('tar-stream');
  const archive = extract();
  const source = createReadStream(path, { signal });
  source.on('error', (error) => archive.destroy(error));
  source.pipe(archive);
  try {
    for await (const entry of archive) await place(entry, folder);
  } catch (error) {
    signal.throwIfAborted();
    // What tar-stream finds wrong has no code; what the disk says has one.
    throw error instanceof Error && !('code' in error) && !(error instanceof ArchiveError) ? new ArchiveError(error.message, { cause: error }) : error;
  }
}

type Entry = Archive extends AsyncIterable<infer One> ? One : never;

async function place(entry: Entry, folder: string): Promise<void> {
  const { name, type, mode, uid, gid, linkname } = entry.header;
  if (!KNOWN_NAMES.test(name) || name.split('/').includes('..')) throw new ArchiveError(`it holds ${JSON.stringify(name)}, which no snapshot does`);
  const path = join(folder, name);
  await makeParents(folder, dirname(path));
  if (type === 'directory') {
    await mkdir(path, { recursive: true });
    entry.resume();
  } else if (type === 'symlink') {
    await symlink(linkname ?? '', path);
    entry.resume();
  } else if (type === 'file') {
    const file = await open(path, 'wx', 0o600);
    try {
      for await (const chunk of entry as unknown as AsyncIterable<Buffer>) await file.appendFile(chunk);
    } finally {
      await file.close();
    }
  } else throw new ArchiveError(`its ${name} is a ${type}`);
  if (type === 'symlink') await lchown(path, uid, gid);
  else {
    await chown(path, uid, gid);
    await chmod(path, mode);
  }
}

async function makeParents(root: string, folder: string): Promise<void> {
  if (folder === root) return;
  await makeParents(root, dirname(folder));
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  if (!(await lstat(folder)).isDirectory()) throw new ArchiveError(`it has something below ${folder}, which is no folder`);
}
