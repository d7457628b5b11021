import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One mounted hierarchy of control groups and the group that this process is in there. */
export interface CgroupHierarchy {
  readonly version: 1 | 2;
  readonly controllers: readonly string[];
  readonly ownFolder: string;
  readonly mountPoint: string;
}

/** Every hierarchy of this machine, version 2 first where there is one: hosts are frozen and killed through it. */
export function cgroupHierarchies(mountInfo = readFileSync('/proc/self/mountinfo', 'utf8'), ownGroups = readFileSync('/proc/self/cgroup', 'utf8')): readonly CgroupHierarchy[] {
  const own = new Map(ownGroups.trim().split('\n').map((line) => {
    const [, controllers = '', ...path] = line.split(':');
    return [controllers, path.join(':')] as const;
  }));
  const found = mountInfo.split('\n').flatMap((line): readonly CgroupHierarchy[] => {
    const [mounted = '', type = ''] = line.split(' - ');
    const [kind = '', , superOptions = ''] = type.split(' ');
    if (kind !== 'cgroup' && kind !== 'cgroup2') return [];
    const [, , , mountRoot = '/', mountPoint = ''] = mounted.split(' ');
    const controllers = kind === 'cgroup2' ? '' : [...own.keys()].find((names) => names !== '' && names.split(',').every((name) => superOptions.split(',').includes(name)));
    const path = controllers === undefined ? undefined : own.get(controllers);
    if (path === undefined) return [];
    const below = mountRoot !== '/' && path.startsWith(mountRoot) ? path.slice(mountRoot.length) : path;
    return [{ version: kind === 'cgroup2' ? 2 : 1, controllers: (controllers ?? '').split(',').filter((name) => name !== ''), ownFolder: join(mountPoint, below), mountPoint }];
  });
  return found.toSorted((a, b) => b.version - a.version);
}

/**
 * Makes a group in every hierarchy, below the group of this process so that its memory limit holds for the hosts too.
 * On a machine with version 2 alone it hangs below the root instead, as a group with processes cannot hand out
 * controllers. Returns the folders, in the order of the hierarchies.
 */
export function makeCgroups(hierarchies: readonly CgroupHierarchy[], ...names: readonly string[]): readonly string[] {
  const versionTwoAlone = hierarchies.every(({ version }) => version === 2);
  return hierarchies.map(({ controllers, ownFolder, mountPoint, version }) => {
    let folder = version === 2 && versionTwoAlone ? mountPoint : ownFolder;
    for (const name of names) {
      if (version === 2 && versionTwoAlone) tryWrite(join(folder, 'cgroup.subtree_control'), '+cpu +memory +pids +io +cpuset');
      const child = join(folder, name);
      mkdirSync(child, { recursive: true });
      // A new group of the cpuset controller is empty and takes no process until these are copied down.
      if (controllers.includes('cpuset')) for (const file of ['cpuset.cpus', 'cpuset.mems']) writeFileSync(join(child, file), readFileSync(join(folder, file)));
      folder = child;
    }
    return folder;
  });
}

/** Freezes or thaws all processes of a host's groups; returns once the kernel says it is done, or after a second. */
export function setFrozen(folders: readonly string[], frozen: boolean): void {
  for (const folder of folders) {
    if (existsSync(join(folder, 'cgroup.freeze'))) {
      writeFileSync(join(folder, 'cgroup.freeze'), frozen ? '1' : '0');
      waitFor(() => readFileSync(join(folder, 'cgroup.events'), 'utf8').includes(`frozen ${frozen ? 1 : 0}`));
      return;
    }
  }
  for (const folder of folders) {
    if (existsSync(join(folder, 'freezer.state'))) {
      writeFileSync(join(folder, 'freezer.state'), frozen ? 'FROZEN' : 'THAWED');
      waitFor(() => readFileSync(join(folder, 'freezer.state'), 'utf8').trim() === (frozen ? 'FROZEN' : 'THAWED'));
      return;
    }
  }
  throw new Error('no freezer among the control groups of this machine');
}

/** Kills whatever runs in the groups and below, and waits until they are empty. Synchronous: it also runs while the process exits. */
export function killCgroups(folders: readonly string[], waitMaxMs = 5000): void {
  for (const folder of folders) {
    if (existsSync(join(folder, 'freezer.state'))) tryWrite(join(folder, 'freezer.state'), 'THAWED'); // Version 1 kills nothing that is frozen.
    tryWrite(join(folder, 'cgroup.kill'), '1');
  }
  waitFor(() => {
    const pids = folders.flatMap((folder) => processesBelow(folder));
    for (const pid of pids) {
      try {
        if (pid > 1) process.kill(pid, 'SIGKILL');
      } catch {
        // It ended in between.
      }
    }
    return pids.length === 0;
  }, waitMaxMs);
}

/** Removes empty groups, deepest first. A group that is not empty stays. Idempotent. */
export function removeCgroups(folders: readonly string[]): void {
  for (const folder of folders) {
    if (!existsSync(folder)) continue;
    removeCgroups(childGroups(folder));
    try {
      rmdirSync(folder);
    } catch {
      // Still busy, or gone: the caller looks at what is left.
    }
  }
}

/** As removeCgroups, for what is below the folders: they stay. */
export function removeCgroupsBelow(folders: readonly string[]): void {
  for (const folder of folders) if (existsSync(folder)) removeCgroups(childGroups(folder));
}

export function processesBelow(folder: string): readonly number[] {
  try {
    const own = readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter((line) => line !== '').map(Number);
    return [...own, ...childGroups(folder).flatMap((child) => processesBelow(child))];
  } catch {
    return [];
  }
}

function childGroups(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
}

function tryWrite(path: string, text: string): void {
  try {
    writeFileSync(path, text);
  } catch {
    // The kernel or the machine's set-up does not offer it: best effort by design.
  }
}

const pauseMs = 5;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

function waitFor(isDone: () => boolean, waitMaxMs = 1000): void {
  const deadline = performance.now() + waitMaxMs;
  while (!isDone() && performance.now() < deadline) Atomics.wait(sleeper, 0, 0, pauseMs);
}
