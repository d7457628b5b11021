import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { syncFolder, writeDurably } from '../../../shared/files/write-durably.ts';

/** Which packages came along by themselves (apt-mark(8)). */
const MARKS = '/var/lib/apt/extended_states';

/**
 * Does the work with all automatic marks of the host kept in `folder`. apt replaces its file of them whole and syncs neither
 * file nor name: a power cut may leave an empty one, and no package has its mark then. What was kept before the work was done
 * first comes back before it is done again.
 */
export async function withAutoMarks<T>(folder: string, work: () => Promise<T>, marks = MARKS): Promise<T> {
  const kept = join(folder, 'auto-marks');
  const now = await contentOf(marks);
  const before = await contentOf(kept);
  if (before.length === 0 && now.length > 0) await writeDurably(kept, now);
  if (before.length > 0 && now.length === 0) await writeDurably(marks, before, 0o644);
  const result = await work();
  if ((await contentOf(marks)).length > 0) await syncFolder(marks);
  return result;
}

/** Of no bytes where there is none. */
function contentOf(path: string): Promise<Buffer> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
}
