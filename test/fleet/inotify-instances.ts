import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const LIMIT = '/proc/sys/fs/inotify/max_user_instances';

/**
 * Hosts share root's inotify instances: without one more, systemd in a host waits for ever and says nothing.
 * @returns what a person should know where hardly any is left, else ''
 */
export function inotifyShortage(): string {
  const limit = Number(readFileSync(LIMIT, 'utf8'));
  const used = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).reduce((sum, pid) => sum + instancesOf(pid), 0);
  return used < limit * 0.9 ? '' : `; ${used} of ${limit} inotify instances (${LIMIT}) are in use: fewer hosts fit on this machine at once`;
}

function instancesOf(pid: string): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).filter((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === 'anon_inode:inotify').length;
  } catch {
    // It ended meanwhile.
    return 0;
  }
}
