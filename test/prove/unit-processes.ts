import { readFileSync } from 'node:fs';
import { childrenOf, identify, type ProcessIdentity } from '../fleet/process-identity.ts';
import type { Host } from '../fleet/host.ts';

export interface UnitProcess {
  readonly unit: string;
  readonly process: ProcessIdentity;
  /** By SIGSTOP: a proof build that reached its record. */
  readonly stopped: boolean;
}

/** Main processes of the agent and of its work units. */
export function agentProcesses(host: Host): readonly UnitProcess[] {
  return unitProcesses(host, /^farrier-(agent|assignment-.+)\.service$/);
}

/** Main processes of units, seen from outside: children of the host's systemd. */
export function unitProcesses(host: Host, units: RegExp): readonly UnitProcess[] {
  const { leader } = host;
  if (leader === null) return [];
  return childrenOf(leader.pid).flatMap((pid) => {
    const process = identify(pid);
    const unit = process === null ? '' : unitOf(pid);
    return process === null || !units.test(unit) ? [] : [{ unit, process, stopped: stateOf(pid) === 'T' }];
  });
}

/** True while dpkg changes packages for a work unit. */
export function dpkgRuns(host: Host): boolean {
  const below = (pid: number): readonly number[] => childrenOf(pid).flatMap((child) => [child, ...below(child)]);
  const workers = agentProcesses(host).filter(({ unit }) => unit.startsWith('farrier-assignment-'));
  return workers.some(({ process }) => below(process.pid).some(changesPackages));
}

function changesPackages(pid: number): boolean {
  const words = (readLines(`/proc/${pid}/cmdline`)[0] ?? '').split('\0');
  return words[0]?.endsWith('dpkg') === true && words.some((word) => word === '--unpack' || word === '--configure');
}

function unitOf(pid: number): string {
  const line = readLines(`/proc/${pid}/cgroup`).find((each) => each.endsWith('.service')) ?? '';
  return line.slice(line.lastIndexOf('/') + 1);
}

function stateOf(pid: number): string {
  const text = readLines(`/proc/${pid}/stat`)[0] ?? '';
  return text.slice(text.lastIndexOf(')') + 2)[0] ?? '';
}

function readLines(path: string): readonly string[] {
  try {
    return readFileSync(path, 'latin1').split('\n').filter((line) => line !== '');
  } catch {
    return [];
  }
}

