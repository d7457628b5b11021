import { readFileSync } from 'node:fs';
import { processesBelow } from './cgroup-tree.ts';
import { identify } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** Process 1 of the host whose processes are in this group: for another process than the fleet's owner. null when down. */
export function findLeaderInCgroup(cgroup: string): ProcessIdentity | null {
  for (const pid of processesBelow(cgroup)) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      // Two numbers: this machine's and the host's. A container inside the host has a third.
      if (/^Name:\tsystemd$/m.test(status) && /^NSpid:\t\d+\t1$/m.test(status)) return identify(pid);
    } catch {
      // It ended in between.
    }
  }
  return null;
}
