import { readFileSync, statfsSync } from 'node:fs';
import { loadavg } from 'node:os';

/** Read at every heartbeat, so only from /proc and statfs: microseconds, no process started. */
export interface HostFigures {
  readonly load1: number;
  readonly memoryAvailableBytes: number;
  /** Of the file system that holds the agent's state. */
  readonly diskAvailableBytes: number;
}

export function readHostFigures(stateDir: string): HostFigures {
  const memory = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
  const disk = statfsSync(stateDir);
  return {
    load1: loadavg()[0] ?? 0,
    memoryAvailableBytes: Number(memory ?? 0) * 1024,
    diskAvailableBytes: disk.bavail * disk.bsize,
  };
}
