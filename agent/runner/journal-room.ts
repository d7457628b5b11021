import { spawnSync } from 'node:child_process';
import { fstatSync } from 'node:fs';

/** Some four hundred records: more than any assignment writes, forth and back. */
const ROOM_BYTES = 256 * 1024;
const LEAST_BYTES = ROOM_BYTES / 4;
/** st_blocks counts these, whatever the file system's block is (stat(2)). */
const BLOCK_BYTES = 512;

/**
 * Takes blocks for the journal's next records while there are some: on a disk that is full the agent can still write down
 * that it is, and a step can still be put back. Where no room is to be had, appending says so when it comes to that.
 */
export function takeJournalRoom(path: string, descriptor: number): void {
  const { size, blocks } = fstatSync(descriptor);
  if (blocks * BLOCK_BYTES - size >= LEAST_BYTES) return;
  // posix_fallocate(3) is not Node's to call; the size stays, so that readers see only records.
  spawnSync('fallocate', ['--keep-size', '--offset', String(size), '--length', String(ROOM_BYTES), path], { stdio: 'ignore' });
}
