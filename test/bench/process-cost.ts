import { readFileSync } from 'node:fs';

/** What a process takes, from /proc. Memory in MB (2^20 bytes), CPU time in ms since its start. */
export interface ProcessCost {
  /** Everything that is mapped and present, shared libraries and all: what ps(1) shows. */
  readonly rssMb: number;
  /** Shared pages divided among their users. */
  readonly pssMb: number;
  /** What would come free with it. */
  readonly privateMb: number;
  readonly cpuMs: number;
}

/** USER_HZ, which is 100 on every architecture that Linux runs Node on. */
const TICK_MS = 10;
const KIB_PER_MB = 1024;

/** @throws where there is no such process. */
export function costOf(pid: number, procFolder = '/proc'): ProcessCost {
  const rollup = readFileSync(`${procFolder}/${pid}/smaps_rollup`, 'utf8');
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? Number.NaN);
  // The name in field 2 may hold spaces and brackets: count from its end (proc_pid_stat(5); utime is field 14).
  const stat = readFileSync(`${procFolder}/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return {
    rssMb: kib('Rss') / KIB_PER_MB,
    pssMb: kib('Pss') / KIB_PER_MB,
    privateMb: (kib('Private_Clean') + kib('Private_Dirty')) / KIB_PER_MB,
    cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
  };
}

/** The most that this program ever had in memory, in MB. Not `maxRSS`: Linux lets that begin with what the parent had. */
export function ownPeakMb(procFolder = '/proc'): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`${procFolder}/self/status`, 'utf8'))?.[1] ?? Number.NaN) / KIB_PER_MB;
}
