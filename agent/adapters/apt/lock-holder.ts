import { readFile, stat } from 'node:fs/promises';

const LOCKS = ['/var/lib/dpkg/lock-frontend', '/var/lib/dpkg/lock', '/var/cache/apt/archives/lock', '/var/lib/apt/lists/lock'];

/** Who holds a lock of the package system, for a person: `process 812 (unattended-upgr)`. */
export async function lockHolder(): Promise<string> {
  const table = await readFile('/proc/locks', 'utf8').catch(() => '');
  for (const path of LOCKS) {
    const inode = await stat(path).then(({ ino }) => ino, () => null);
    // `1: POSIX  ADVISORY  WRITE 812 fe:00:131 0 EOF` (proc_locks(5)); devices of overlays differ there, so the inode decides.
    const pid = inode === null ? undefined : new RegExp(`^\\d+: POSIX\\s+ADVISORY\\s+WRITE\\s+(\\d+) [0-9a-f]+:[0-9a-f]+:${inode} `, 'm').exec(table)?.[1];
    if (pid === undefined) continue;
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').then((text) => text.trim(), () => 'gone');
    return `process ${pid} (${name})`;
  }
  return 'another process that has ended meanwhile';
}
