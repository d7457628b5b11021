import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { machineDebianSources } from './apt-sources.ts';
import { cgroupHierarchies } from './cgroup-tree.ts';
import { mustRun, runProgram } from './run-program.ts';

export interface MissingPart {
  readonly what: string;
  readonly remedy: string;
}

/** Programs that the harness runs, and the Debian package that has each. */
const programs: Readonly<Record<string, string>> = {
  'systemd-nspawn': 'systemd-container', mmdebstrap: 'mmdebstrap', nft: 'nftables', ip: 'iproute2', zstd: 'zstd', 'dpkg-deb': 'dpkg', 'apt-get': 'apt',
  unshare: 'util-linux', nsenter: 'util-linux', setpriv: 'util-linux', fallocate: 'util-linux', losetup: 'util-linux', mount: 'mount', 'mkfs.ext4': 'e2fsprogs',
  perl: 'perl-base', tar: 'tar',
};
/** A static program goes into the container images; its path is the same in every release of Debian. */
const staticBusybox = '/bin/busybox';

/** What keeps this machine from running a fleet, with the remedy; [] when nothing does. Changes nothing. */
export async function missingParts(): Promise<readonly MissingPart[]> {
  if (process.platform !== 'linux') return [{ what: `Linux (this is ${process.platform})`, remedy: 'run it on a Debian 12 machine or a virtual machine with one' }];
  if (process.getuid?.() !== 0) return [{ what: 'root', remedy: 'run it as root: namespaces, loop devices and control groups need it' }];
  const packages = missingPackages();
  const missing: MissingPart[] = packages.map(({ program, name }) => ({ what: `the program ${program}`, remedy: `apt-get install ${name}` }));
  if (packages.length === 0 || !packages.some(({ program }) => program === 'unshare')) {
    const { exitCode, stderr } = await runProgram(['unshare', '--mount', '--net', '--propagation', 'private', 'true'], { timeoutMs: 10_000 });
    if (exitCode !== 0) missing.push({ what: `mount and network namespaces (${stderr.trim()})`, remedy: 'in a container, run it privileged' });
  }
  if (!existsSync('/dev/loop-control')) missing.push({ what: 'loop devices (/dev/loop-control)', remedy: 'modprobe loop; in a container, run it privileged with /dev of the machine' });
  const fileSystems = readFileSync('/proc/filesystems', 'utf8').split(/\s+/);
  for (const name of ['ext4', 'overlay']) {
    if (!fileSystems.includes(name) && (await runProgram(['modprobe', name]).catch(() => ({ exitCode: 1 }))).exitCode !== 0) missing.push({ what: `the file system ${name}`, remedy: `modprobe ${name}` });
  }
  if (!canMakeCgroups()) missing.push({ what: 'control groups that can be written', remedy: 'in a container, run it privileged with its control groups writable' });
  if (machineDebianSources().length === 0) missing.push({ what: 'a Debian archive in the apt sources of this machine', remedy: 'name one in /etc/apt/sources.list.d; hosts are made from it' });
  return missing;
}

/** As missingParts, after apt-get has installed what it can. Callers that get a list say what they did not check. */
export async function requireFleet(onProgress: (line: string) => void = () => undefined): Promise<readonly MissingPart[]> {
  const wanted = process.getuid?.() === 0 && onPath('apt-get') ? [...new Set(missingPackages().map(({ name }) => name))] : [];
  if (wanted.length > 0) {
    onProgress(`installing ${wanted.join(', ')}`);
    const install = ['apt-get', 'install', '--yes', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300', ...wanted];
    const options = { timeoutMs: 10 * 60_000, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
    const first = await runProgram(install, options);
    if (first.exitCode !== 0) {
      // A fresh machine may have no package lists yet.
      await runProgram(['apt-get', 'update'], options);
      await mustRun(install, options).catch((error: unknown) => onProgress(String(error)));
    }
  }
  return missingParts();
}

/** One line for a person: what was not checked, and why. */
export function notChecked(what: string, missing: readonly MissingPart[]): string {
  return `NOT CHECKED: ${what}: this machine lacks ${missing.map((part) => `${part.what} (${part.remedy})`).join('; ')}`;
}

function missingPackages(): readonly { readonly program: string; readonly name: string }[] {
  const absent = Object.entries(programs).filter(([program]) => !onPath(program)).map(([program, name]) => ({ program, name }));
  return isStatic(staticBusybox) ? absent : [...absent, { program: 'busybox (static)', name: 'busybox-static' }];
}

function onPath(program: string): boolean {
  return `${process.env['PATH'] ?? ''}${delimiter}/usr/sbin${delimiter}/sbin`.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** A program without an interpreter in its ELF program headers needs no library. */
function isStatic(path: string): boolean {
  return existsSync(path) && !readFileSync(path).subarray(0, 4096).includes('/ld-linux');
}

function canMakeCgroups(): boolean {
  try {
    const [first] = cgroupHierarchies();
    if (first === undefined) return false;
    const folder = join(first.ownFolder, `farrier-probe-${process.pid}`);
    mkdirSync(folder);
    rmdirSync(folder);
    return true;
  } catch {
    return false;
  }
}
