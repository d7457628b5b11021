import { createHash } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { BackupError } from './backup-error.ts';
import { parseManifest } from './backup-manifest.ts';
import type { BackupFile, BackupManifest } from './backup-manifest.ts';

const MANIFEST_MAX_BYTES = 16 * 1024 * 1024;

/** Writes the files of a backup's content below a folder, synced, each checked against the manifest. @throws BackupError */
export async function unpackBackup(plain: AsyncIterable<Buffer>, folder: string): Promise<BackupManifest> {
  const reader = createReader(plain);
  const length = (await reader.exactly(4)).readUInt32BE();
  if (length > MANIFEST_MAX_BYTES) throw damaged('its manifest is too long');
  const manifest = parseManifest((await reader.exactly(length)).toString('utf8'));
  for (const file of manifest.files) await unpackFile(reader, file, join(folder, file.name));
  if (!(await reader.atEnd())) throw damaged('there is more in it than its manifest says');
  return manifest;
}

async function unpackFile(reader: Reader, file: BackupFile, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const hash = createHash('sha256');
  const handle = await open(path, 'wx', file.mode);
  try {
    for await (const chunk of reader.upTo(file.sizeBytes)) {
      hash.update(chunk);
      await handle.writeFile(chunk);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  if (hash.digest('hex') !== file.sha256) throw damaged(`${file.name} is not what its manifest says`);
}

interface Reader {
  exactly(bytes: number): Promise<Buffer>;
  /** Yields exactly so many bytes, in chunks. */
  upTo(bytes: number): AsyncGenerator<Buffer>;
  atEnd(): Promise<boolean>;
}

function createReader(plain: AsyncIterable<Buffer>): Reader {
  const chunks = plain[Symbol.asyncIterator]();
  let rest = Buffer.alloc(0);
  const fill = async (): Promise<boolean> => {
    while (rest.length === 0) {
      const next = await chunks.next();
      if (next.done === true) return false;
      rest = Buffer.from(next.value);
    }
    return true;
  };
  async function* upTo(bytes: number): AsyncGenerator<Buffer> {
    for (let missing = bytes; missing > 0; ) {
      if (!(await fill())) throw damaged('it ends too early');
      const part = rest.subarray(0, missing);
      rest = rest.subarray(part.length);
      missing -= part.length;
      yield part;
    }
  }
  return {
    upTo,
    async exactly(bytes) {
      const parts: Buffer[] = [];
      for await (const part of upTo(bytes)) parts.push(part);
      return Buffer.concat(parts);
    },
    atEnd: async () => !(await fill()),
  };
}

export function damaged(why: string, cause?: unknown): BackupError {
  return new BackupError('backup-damaged', `the backup is damaged: ${why}; nothing was put in place`, 'take another copy of it, or an older backup', cause);
}
