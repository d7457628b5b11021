import { readFile, stat } from 'node:fs/promises';

/**
 * Who holds one of these locks, for a person: `process 812 (unattended-upgr)`.
 *
 * @param locked files that are locked by fcntl(2).
 * @param named files that hold the holder's process id, and may outlive it.
 */
export async function lockHolder(locked: readonly string[], named: readonly string[] = []): Promise<string | null> {
  const table = await readFile('/proc/locks', 'utf8').catch(() => '');
  for (const path of locked) {
    const inode = await stat(path).then(({ ino }) => ino, () => null);
    // `1: POSIX  ADVISORY  WRITE 812 fe:00:131 0 EOF` (proc_locks(5)); devices of overlays differ there, so the inode decides.
    const pid = inode === null ? undefined : new RegExp(`^\\d+: POSIX\\s+ADVISORY\\s+WRITE\\s+(\\d+) [0-9a-f]+:[0-9a-f]+:${inode} `, 'm').exec(table)?.[1];
    if (pid !== undefined) return `process ${pid} (${(await programOf(pid)) ?? 'gone'})`;
  }
  for (const path of named) {
    const pid = /^\d+/.exec(await readFile(path, 'utf8').catch(() => ''))?.[0];
    const program = pid === undefined ? null : await programOf(pid);
    if (program !== null) return `process ${pid} (${program})`;
  }
  return null;
}

async function programOf(pid: string): Promise<string | null> {
  return readFile(`/proc/${pid}/comm`, 'utf8').then((text) => text.trim(), () => null);
}
