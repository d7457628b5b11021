import { existsSync, readFileSync, readdirSync } from 'node:fs';

/** A process that cannot be mistaken for a later one with the same number: start time is in clock ticks since boot. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTicks: number;
}

/** Who runs under this number now, or null when nobody does (a zombie counts as nobody). */
export function identify(pid: number, procFolder = '/proc'): ProcessIdentity | null {
  const stat = readStat(pid, procFolder);
  return stat === null || stat.state === 'Z' || stat.state === 'X' ? null : { pid, startTicks: stat.startTicks };
}

/** True while that very process lives. */
export function isAlive(process: ProcessIdentity, procFolder = '/proc'): boolean {
  return identify(process.pid, procFolder)?.startTicks === process.startTicks;
}

/** This very Node process. */
export function ownIdentity(): ProcessIdentity {
  const own = identify(process.pid);
  if (own === null) throw new Error('/proc does not show this process');
  return own;
}

/** Sends a signal only while that very process lives, so that a reused number is never hit. */
export function killExactly(target: ProcessIdentity, signal: NodeJS.Signals): void {
  if (target.pid <= 1 || !isAlive(target)) return;
  try {
    process.kill(target.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Numbers of the children of a process; [] when it is gone. */
export function childrenOf(parentPid: number): readonly number[] {
  const listed = `/proc/${parentPid}/task/${parentPid}/children`;
  try {
    return readFileSync(listed, 'utf8').trim().split(' ').filter((word) => word !== '').map(Number);
  } catch {
    if (existsSync(`/proc/self/task/${process.pid}/children`)) return []; // The kernel has the file, so the process is gone.
  }
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      return new RegExp(`^PPid:\\t${parentPid}$`, 'm').test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    } catch {
      return false;
    }
  });
}

/** Fields of /proc/PID/stat after the last parenthesis: a program's name may hold spaces and parentheses (proc(5)). */
function readStat(pid: number, procFolder: string): { readonly state: string; readonly startTicks: number } | null {
  if (!Number.isInteger(pid) || pid <= 0) return null;
  try {
    const text = readFileSync(`${procFolder}/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? 'X', startTicks: Number(fields[19]) };
  } catch {
    return null;
  }
}
