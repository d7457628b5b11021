import { closeSync, openSync, writeSync } from 'node:fs';
import { expect } from 'vitest';

/** Until the disk takes no more. */
export function fillDisk(path: string): void {
  const file = openSync(path, 'w');
  const block = Buffer.alloc(1024 * 1024);
  try {
    for (;;) writeSync(file, block);
  } catch (error) {
    expect(error).toMatchObject({ code: 'ENOSPC' });
  } finally {
    closeSync(file);
  }
}
