import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';

import type { Processes } from '../ports/processes.ts';

/** An interpreter's name stands before that of the script that it runs. */
const NAMES_LOOKED_AT = 2;
/** Field 22 of /proc/PID/stat, counted from after the program's name, which may hold anything: proc(5). */
const START_FIELD = 19;

export const procProcesses: Processes = {
  named: async (program) => {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
    const marks = await Promise.all(pids.map((pid) => markOf(pid, program)));
    return marks.filter((mark) => mark !== null);
  },
};

/** @returns `PID@START`, null where it is another program or gone meanwhile. */
async function markOf(pid: string, program: string): Promise<string | null> {
  const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0').slice(0, NAMES_LOOKED_AT);
  if (!words.some((word) => basename(word) === program)) return null;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const start = fields[START_FIELD];
  // A zombie runs nothing any more.
  return start === undefined || fields[0] === 'Z' ? null : `${pid}@${start}`;
}
