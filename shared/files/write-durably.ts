import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Replaces a file so that after a power cut it is the old one or the new one, whole. One writer at a time per path. */
export async function writeDurably(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const beside = `${path}.new`;
  await writeSynced(beside, content, mode);
  await rename(beside, path);
  await syncFolder(dirname(path));
}

/** Writes and fsyncs the content; the caller syncs the folder, once for all its files. */
export async function writeSynced(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const file = await open(path, 'w', mode);
  try {
    // A file left over from a crash keeps its old mode otherwise; before the content, so that a secret is never readable.
    await file.chmod(mode);
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes what was created, renamed or removed in a folder durable (fsync(2): syncing a file does not). */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
