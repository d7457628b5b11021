import { type StatsFs, statfsSync } from 'node:fs';
import { totalmem } from 'node:os';
import { join } from 'node:path';

import { DISK_PATHS, type HostFacts } from '../../shared/domain/host-facts.ts';

/** statfs(2): CGROUP2_SUPER_MAGIC, and what a v1 (or hybrid) hierarchy is mounted in. */
const CGROUP2 = 0x63677270;
const TMPFS = 0x01021994;
const CGROUP1 = 0x27e0eb;

/** A number keeps this many of its highest bits: free bytes change all the time, and small changes are no news. */
const BITS_KEPT = 5;

export function readMachine(root: string): Pick<HostFacts, 'cgroupVersion' | 'memoryBytes' | 'freeBytes'> {
  const free = DISK_PATHS.flatMap((path) => {
    const disk = statfsOf(root, path);
    return disk === null ? [] : [[path, roundDown(disk.bavail * disk.bsize)] as const];
  });
  return { cgroupVersion: cgroupVersionOf(statfsOf(root, '/sys/fs/cgroup')?.type), memoryBytes: totalmem(), freeBytes: Object.fromEntries(free) };
}

/** How https://kubernetes.io/docs/concepts/architecture/cgroups/ tells which it is: `stat -fc %T /sys/fs/cgroup`. */
export function cgroupVersionOf(type: number | undefined): 1 | 2 | null {
  if (type === CGROUP2) return 2;
  return type === TMPFS || type === CGROUP1 ? 1 : null;
}

export function roundDown(bytes: number): number {
  const unit = 2 ** Math.max(0, Math.floor(Math.log2(Math.max(1, bytes))) - (BITS_KEPT - 1));
  return Math.floor(bytes / unit) * unit;
}

function statfsOf(root: string, path: string): StatsFs | null {
  try {
    return statfsSync(join(root, path), { bigint: false });
  } catch {
    return null;
  }
}
