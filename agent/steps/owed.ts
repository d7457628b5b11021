import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { syncFolder, writeDurably } from '../../shared/files/write-durably.ts';

// A step changes files first and then what runs on them. Cut off between the two, the files alone look as if all were done:
// a mark in the step's folder says that the second half is still owed. Durable, like the files themselves.

export async function owe(folder: string): Promise<void> {
  await writeDurably(join(folder, 'owed'), '');
}

export async function settleOwed(folder: string): Promise<void> {
  await rm(join(folder, 'owed'), { force: true });
  await syncFolder(folder);
}

export function isOwed(folder: string): Promise<boolean> {
  return access(join(folder, 'owed')).then(() => true, () => false);
}
