import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

export interface FileLock {
  release(): void;
}

/**
 * Takes a lock that one process at a time holds. flock(1) locks the open file that our descriptor stands for, so the lock
 * lives as long as the descriptor: it ends with the process, however that dies. Node opens with O_CLOEXEC: no child inherits it.
 *
 * @param path of the lock itself, which is made where it is not there, and stays
 * @param waitMs 0 tries once.
 * @returns null while it is held, by another process or by this one.
 */
export function lockFile(path: string, waitMs: number): FileLock | null {
  const descriptor = openSync(path, 'a', 0o600);
  const how = waitMs === 0 ? ['-n'] : ['-w', (waitMs / 1000).toFixed(3)];
  const { status, error, stderr } = spawnSync('flock', [...how, '3'], { stdio: ['ignore', 'ignore', 'pipe', descriptor], encoding: 'utf8' });
  if (status === 0) return { release: () => closeSync(descriptor) };
  closeSync(descriptor);
  if (status === 1) return null;
  throw new Error(`flock of util-linux failed: ${error?.message ?? stderr}`);
}
