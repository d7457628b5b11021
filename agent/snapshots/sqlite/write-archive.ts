import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { once } from 'node:events';
import type { Pack } from 'tar-stream';

import type { SnapshotSink } from '../snapshot-sink.ts';
import { type ArchiveEntry, type ArchiveManifest, DATABASE_ENTRY, MANIFEST_ENTRY } from './archive-entries.ts';

const READ_BYTES = 256 * 1024;

/** A tar archive of a database and what belongs to it, the manifest first and the database last: any `tar` unpacks it. */
export async function writeArchive(manifest: ArchiveManifest, beside: readonly ArchiveEntry[], databasePath: string, to: Pick<SnapshotSink, 'write'>, signal: AbortSignal): Promise<void> {
  const { pack } = await import('tar-stream');
  const archive = pack();
  const stop = new AbortController();
  const filled = fill(archive, manifest, beside, databasePath, AbortSignal.any([signal, stop.signal]));
  filled.catch((error: unknown) => archive.destroy(error instanceof Error ? error : new Error(String(error))));
  try {
    for await (const chunk of archive as AsyncIterable<Buffer>) await to.write(chunk);
    await filled;
  } finally {
    // A sink that failed leaves nobody who reads the archive.
    stop.abort();
    await filled.catch(() => undefined);
  }
}

async function fill(archive: Pack, manifest: ArchiveManifest, beside: readonly ArchiveEntry[], databasePath: string, signal: AbortSignal): Promise<void> {
  archive.entry({ name: MANIFEST_ENTRY, mode: 0o600 }, `${JSON.stringify(manifest)}\n`);
  for (const entry of beside) {
    const { bytes, ...header } = { bytes: Buffer.alloc(0), ...entry };
    archive.entry({ ...header, size: bytes.length }, bytes);
  }
  const database = archive.entry({ name: DATABASE_ENTRY, mode: 0o600, size: (await stat(databasePath)).size });
  for await (const chunk of createReadStream(databasePath, { highWaterMark: READ_BYTES, signal }) as AsyncIterable<Buffer>) {
    if (!database.write(chunk)) await once(database, 'drain', { signal });
  }
  database.end(null);
  archive.finalize();
}
