import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { onTestFinished } from 'vitest';

import { mustRun } from '../fleet/run-program.ts';

/** A file system of its own, in memory, until the test that asked for it is over. @returns its folder; null, and says loudly what is not checked, where nothing may be mounted; fails where everything must be (CI=true). */
export async function smallDiskOrSayWhy(sizeBytes: number, what: string): Promise<string | null> {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-disk-'));
  const remove = (): void => rmSync(folder, { recursive: true });
  try {
    await mustRun(['mount', '-t', 'tmpfs', '-o', `size=${sizeBytes},mode=700`, 'farrier-test', folder]);
  } catch (error) {
    remove();
    const notChecked = `NOT CHECKED: ${what}: this machine mounts no file system for us`;
    if (process.env['CI'] === 'true') throw new Error(notChecked, { cause: error });
    console.warn(`${notChecked}: ${String(error)}`);
    return null;
  }
  onTestFinished(async () => {
    await mustRun(['umount', '--lazy', folder]);
    remove();
  });
  return folder;
}
