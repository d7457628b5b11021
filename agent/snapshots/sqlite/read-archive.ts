import { open } from 'node:fs/promises';
import type { Extract, Header } from 'tar-stream';

import type { SnapshotSink } from '../snapshot-sink.ts';
import { type ArchiveManifest, DATABASE_ENTRY, MANIFEST_ENTRY, TOKEN_ENTRY } from './archive-entries.ts';

/** What is kept in memory of an archive. */
const SMALL_MAX_BYTES = 64 * 1024;
export const KNOWN_NAMES = /^(server\/(token|node-token|agent-token|db\/state\.db|(tls|cred)(\/.+)?)\/?|farrier-k3s-snapshot\.json)$/;

export interface ReadArchive {
  readonly manifest: ArchiveManifest;
  readonly token: Buffer;
  readonly entries: number;
}

/** An archive that is none of ours, or not whole. */
export class ArchiveError extends Error {}

/**
 * Reads an archive as it comes; of its files only the database is written, and only to the path given here, so that no name
 * in an archive leads anywhere.
 */
export async function archiveReader(databasePath: string): Promise<Pick<SnapshotSink, 'write'> & { end(): Promise<ReadArchive>; discard(): Promise<void> }> {
  const { extract } = await import('tar-stream');
  const archive = extract();
  const read = readEntries(archive, databasePath);
  // Looked at by `write` and `end`.
  read.catch(() => undefined);
  return {
    async write(chunk) {
      if (!archive.write(chunk)) await Promise.race([new Promise((resolve) => archive.once('drain', () => resolve(null))), read]);
    },
    async end() {
      archive.end(null);
      return await read;
    },
    async discard() {
      archive.destroy(new ArchiveError('it was given up'));
      await read.catch(() => undefined);
    },
  };
}

async function readEntries(archive: Extract, databasePath: string): Promise<ReadArchive> {
  const small = new Map<string, Buffer>();
  const seen = new Set<string>();
  try {
    for await (const entry of archive) {
      const { name, type } = entry.header;
      if (!KNOWN_NAMES.test(name)) throw new ArchiveError(`it holds ${JSON.stringify(name)}, which no snapshot does`);
      if (seen.has(name)) throw new ArchiveError(`it holds ${name} twice`);
      seen.add(name);
      const bytes = entry as unknown as AsyncIterable<Buffer>;
      if (name === DATABASE_ENTRY) await writeTo(databasePath, bytes);
      else if (name === MANIFEST_ENTRY || name === TOKEN_ENTRY) small.set(name, await smallFile(entry.header, bytes));
      else if (type === 'file' || type === 'directory' || type === 'symlink') entry.resume();
      else throw new ArchiveError(`its ${name} is a ${type}`);
    }
  } catch (error) {
    // What tar-stream finds wrong has no code; what the disk says has one.
    throw error instanceof Error && !('code' in error) ? new ArchiveError(error.message, { cause: error }) : error;
  }
  if (!seen.has(DATABASE_ENTRY)) throw new ArchiveError('it holds no database');
  return { manifest: manifestOf(small.get(MANIFEST_ENTRY)), token: small.get(TOKEN_ENTRY) ?? Buffer.alloc(0), entries: seen.size };
}

async function writeTo(path: string, bytes: AsyncIterable<Buffer>): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of bytes) await file.appendFile(chunk);
  } finally {
    await file.close();
  }
}

async function smallFile({ name, size }: Header, bytes: AsyncIterable<Buffer>): Promise<Buffer> {
  if (size > SMALL_MAX_BYTES) throw new ArchiveError(`its ${name} has ${size} bytes`);
  const chunks: Buffer[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function manifestOf(bytes: Buffer | undefined): ArchiveManifest {
  const value = bytes === undefined ? null : parsed(bytes);
  if (value?.format !== 1 || !Number.isSafeInteger(value.revision) || !Number.isSafeInteger(value.liveKeys)) throw new ArchiveError('its manifest is not one that this version knows');
  return value;
}

function parsed(bytes: Buffer): ArchiveManifest | null {
  try {
    return JSON.parse(bytes.toString('utf8')) as ArchiveManifest | null;
  } catch {
    return null;
  }
}
