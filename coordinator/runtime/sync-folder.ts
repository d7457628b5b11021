import { open } from 'node:fs/promises';

/** Makes what was created, renamed or removed in a folder survive a power cut (fsync(2): syncing a file does not). */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
