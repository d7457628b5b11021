import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { createReadStream } from 'node:fs';
import { readlink } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

import { CONFIG, DIGESTS, GHOST } from './rpm-file.ts';

export interface InstalledFile {
  readonly path: string;
  /** Its number in the package's header, ghosts counted. */
  readonly index: number;
  readonly isConfig: boolean;
  /** Bytes of it in the payload: none of a folder, and of names of one file only the last has them. */
  readonly bytes: number;
  readonly isLink: boolean;
  /** Of a configuration file that is not the package's any more: as long as the header says that the file is. */
  readonly standIn?: Buffer;
  isAsInstalled(state: Stats): Promise<boolean>;
}

const FORMAT = '[%{FILEMODES}\\t%{FILEFLAGS}\\t%{LONGFILESIZES}\\t%{FILEINODES}\\t%{FILEDIGESTS}\\t%{FILENAMES}\\n]';
const TYPE_MASK = 0o170000;
const REGULAR = 0o100000;
const LINK = 0o120000;

/** In the payload's order: the header's, but all names of one file where the last of them is. @param ask the package a question in rpm's query format. */
export async function installedFiles(ask: (format: string) => Promise<string>): Promise<readonly InstalledFile[]> {
  const rows = (await ask(FORMAT)).split('\n').flatMap((line) => {
    const [, mode, flags, size, inode = '', hex = '', path = ''] = /^(\d+)\t(\d+)\t(\d+)\t(\d+)\t([0-9a-f]*)\t(\/.*)$/.exec(line) ?? [];
    return path === '' ? [] : [{ mode: Number(mode), flags: Number(flags), size: Number(size), inode, hex, path }];
  });
  const lastOf = (inode: string): number => rows.findLastIndex((row) => row.inode === inode && (row.mode & TYPE_MASK) === REGULAR);
  const files = rows.flatMap(({ mode, flags, size, inode, hex, path }, index) => {
    if ((flags & GHOST) !== 0) return [];
    const type = mode & TYPE_MASK;
    const at = type === REGULAR ? lastOf(inode) : index;
    const bytes = type === LINK || (type === REGULAR && at === index) ? size : 0;
    const isAsInstalled = async (state: Stats): Promise<boolean> => {
      if (type === LINK) return state.isSymbolicLink() && Buffer.byteLength(await readlink(path)) === size;
      // A host may have a link where the package has a folder (/lib on a merged /usr).
      if (type !== REGULAR) return (state.mode & TYPE_MASK) === type || state.isSymbolicLink();
      return state.isFile() && state.size === size && (await hashOf(path, DIGESTS[hex.length] ?? 'md5')) === hex;
    };
    return [{ at, path, index, isConfig: (flags & CONFIG) !== 0, bytes, isLink: type === LINK, isAsInstalled }];
  });
  return files.toSorted((a, b) => a.at - b.at || a.index - b.index);
}

/**
 * cpio as rpm writes it where the header tells all of a file but its content: a magic, the file's number in the header,
 * the content, each padded to 4 bytes; last a trailer of plain cpio.
 */
export async function* payloadOf(files: readonly InstalledFile[]): AsyncGenerator<Uint8Array> {
  for (const { path, index, bytes, isLink, standIn } of files) {
    yield Buffer.from(`07070X${index.toString(16).padStart(8, '0')}\0\0`, 'latin1');
    if (bytes === 0) continue;
    if (standIn !== undefined) yield standIn;
    else if (isLink) yield Buffer.from(await readlink(path));
    else yield* createReadStream(path) as AsyncIterable<Buffer>;
    yield Buffer.alloc((4 - (bytes % 4)) % 4);
  }
  const name = 'TRAILER!!!\0';
  const trailer = `070701${'0'.repeat(8 * 4)}00000001${'0'.repeat(8 * 6)}${name.length.toString(16).padStart(8, '0')}${'0'.repeat(8)}${name}`;
  yield Buffer.from(trailer.padEnd(trailer.length + ((4 - (trailer.length % 4)) % 4), '\0'), 'latin1');
}

async function hashOf(path: string, algorithm: string): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
