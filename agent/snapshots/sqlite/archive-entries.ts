import type { Stats } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the archive holds what; K3s' own names, so that unpacking it beside a new server puts everything in its place. */
export const MANIFEST_ENTRY = 'farrier-k3s-snapshot.json';
export const TOKEN_ENTRY = 'server/token';
export const DATABASE_ENTRY = 'server/db/state.db';

/**
 * What a database is no use without: the token decrypts the keys in it, and the certificates and credentials are those that
 * agents and people hold the other half of.
 */
const BESIDE_THE_DATABASE = ['token', 'node-token', 'agent-token', 'tls', 'cred'];

/** Keys, certificates and tokens; read whole, for K3s may write them anew at any moment. */
const FILE_MAX_BYTES = 4 * 1024 * 1024;
const FILES_MAX = 10_000;

/** Says of itself what a restore has to know; the entry that comes first. */
export interface ArchiveManifest {
  readonly format: 1;
  readonly version: string;
  readonly takenUnixMs: number;
  readonly revision: number;
  readonly liveKeys: number;
}

interface EntryMeta {
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: Date;
}

export type ArchiveEntry =
  | (EntryMeta & { readonly type: 'directory' })
  | (EntryMeta & { readonly type: 'symlink'; readonly linkname: string })
  | (EntryMeta & { readonly type: 'file'; readonly bytes: Buffer });

/** All that lies beside the database and belongs to it, folders before what is in them, with modes and owners. @param server K3s' folder of that name */
export async function entriesBeside(server: string): Promise<readonly ArchiveEntry[]> {
  const entries: ArchiveEntry[] = [];
  const visit = async (relative: string): Promise<void> => {
    const path = join(server, relative);
    const stats = await lstat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (stats === null) return;
    const entry = await entryOf(path, `server/${relative}`, stats);
    if (entry !== null) entries.push(entry);
    if (entries.length > FILES_MAX) throw new Error(`${server} holds more than ${FILES_MAX} files: it is not the folder of a server of K3s`);
    if (stats.isDirectory()) for (const name of (await readdir(path)).toSorted()) await visit(`${relative}/${name}`);
  };
  for (const name of BESIDE_THE_DATABASE) await visit(name);
  return entries;
}

/** Null of what holds nothing to restore: a socket, a pipe. */
async function entryOf(path: string, name: string, stats: Stats): Promise<ArchiveEntry | null> {
  const meta: EntryMeta = { name, mode: stats.mode & 0o7777, uid: stats.uid, gid: stats.gid, mtime: stats.mtime };
  if (stats.isDirectory()) return { ...meta, type: 'directory' };
  if (stats.isSymbolicLink()) return { ...meta, type: 'symlink', linkname: await readlink(path) };
  if (!stats.isFile()) return null;
  if (stats.size > FILE_MAX_BYTES) throw new Error(`${path} has ${stats.size} bytes: no key or certificate of K3s is as large`);
  return { ...meta, type: 'file', bytes: await readFile(path) };
}
