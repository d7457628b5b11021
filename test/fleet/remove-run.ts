import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { killCgroups, removeCgroups } from './cgroup-tree.ts';
import { isAlive, killExactly } from './process-identity.ts';
import { isLiving, listRuns } from './run-record.ts';
import type { RunRecord } from './run-record.ts';

const loopWaitMaxMs = 10_000;
const pauseMs = 10;
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/**
 * Takes everything of one run off the machine: processes, control groups, mounts (they vanish with the holder's
 * namespace), loop devices, files. Synchronous, as it also runs while its owner exits. Idempotent. Returns what could
 * not be removed, [] when nothing is left.
 */
export function removeRun(run: RunRecord): readonly string[] {
  killCgroups(run.cgroups);
  if (run.holder !== null) killExactly(run.holder, 'SIGKILL');
  const deadline = performance.now() + loopWaitMaxMs;
  while ((loopDevicesOf(run.folder).length > 0 || (run.holder !== null && isAlive(run.holder))) && performance.now() < deadline) Atomics.wait(sleeper, 0, 0, pauseMs);
  removeCgroups(run.cgroups);
  const left = [...loopDevicesOf(run.folder).map((device) => `loop device ${device}`), ...run.cgroups.filter((folder) => existsSync(folder)).map((folder) => `control group ${folder}`)];
  if (left.length === 0) rmSync(run.folder, { recursive: true, force: true });
  return left;
}

/** Removes what dead runs left behind. Never touches a run whose owner lives. Returns the ids removed. */
export function sweep(): readonly string[] {
  const dead = listRuns().filter((run) => !isLiving(run));
  return dead.filter((run) => {
    if (removeRun(run).length === 0) return true;
    // A mount somewhere else still holds the device: detaching it makes the kernel let go with the last user.
    for (const device of loopDevicesOf(run.folder)) spawnSync('losetup', ['--detach', device]);
    return removeRun(run).length === 0;
  }).map(({ runId }) => runId);
}

/** Loop devices backed by a file below the folder. */
export function loopDevicesOf(folder: string): readonly string[] {
  return readdirSync('/sys/block').filter((name) => name.startsWith('loop')).flatMap((name) => {
    try {
      return readFileSync(join('/sys/block', name, 'loop/backing_file'), 'utf8').startsWith(`${folder}/`) ? [`/dev/${name}`] : [];
    } catch {
      return []; // Not attached to anything.
    }
  });
}
