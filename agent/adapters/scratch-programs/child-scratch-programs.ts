import { readdir, readlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import type { ScratchPrograms } from '../../ports/scratch-programs.ts';
import { runProgram } from '../run-program.ts';

/** Killed, a program is gone as soon as the disk lets it. */
const GONE_MAX_MS = 30_000;
const LOOK_MS = 10;

/** Where no systemd runs: children of this process, which nothing limits. They are known again by the folder that they work in. */
export const childScratchPrograms: ScratchPrograms = {
  start: (argv, { folder }, signal) => ({ ended: runProgram(argv, { cwd: folder, signal }) }),
  endAll: async (folder) => {
    const untilMs = performance.now() + GONE_MAX_MS;
    for (let left = await workingIn(folder); left.length > 0; left = await workingIn(folder)) {
      if (performance.now() > untilMs) return `processes ${left.join(', ')} work in ${folder} and do not end`;
      for (const pid of left) kill(pid);
      await sleep(LOOK_MS);
    }
    return '';
  },
};

async function workingIn(folder: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const folders = await Promise.all(pids.map(async (pid) => await readlink(`/proc/${pid}/cwd`).catch(() => '')));
  return pids.filter((pid, index) => pid !== process.pid && (folders[index] === folder || folders[index]?.startsWith(`${folder}/`) === true));
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
