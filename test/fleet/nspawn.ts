import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Holder } from './holder.ts';
import { childrenOf, identify, killExactly } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

export interface NspawnOptions {
  readonly name: string;
  readonly root: string;
  readonly binds: readonly string[];
  readonly networkNamespace: string;
  readonly cgroups: readonly string[];
  readonly consoleLog: string;
}

/** One start of a host. */
export interface NspawnRun {
  /** The host's process 1, as this machine sees it. */
  readonly leader: ProcessIdentity;
  /** nspawn's exit code: 133 asks for a reboot (nspawn(1)), 0 is a clean power-off, 128 + signal a kill. */
  readonly ended: Promise<number>;
  readonly kill: () => void;
}

export const rebootExitCode = 133;
const leaderMaxMs = 20_000;
const pollMs = 15;
/** Enters the groups before nspawn starts. $1... are files named cgroup.procs, then `--`, then the program. */
const enterCgroups = 'while [ "$1" != -- ]; do echo $$ > "$1" || exit 120; shift; done; shift; exec "$@"';

/** Starts a host and returns once its systemd is process 1. Throws with the console's last lines when it ends before. */
export async function startNspawn(holder: Holder, options: NspawnOptions): Promise<NspawnRun> {
  const consoleFile = openSync(options.consoleLog, 'a');
  const [enter = '', ...enterArgs] = holder.enterMounts;
  const argv = [
    ...enterArgs, 'sh', '-c', enterCgroups, 'sh', ...options.cgroups.map((folder) => join(folder, 'cgroup.procs')), '--',
    'systemd-nspawn', '--quiet', '--register=no', '--keep-unit', '--kill-signal=SIGRTMIN+3', `--directory=${options.root}`, `--machine=${options.name}`,
    `--network-namespace-path=/run/netns/${options.networkNamespace}`, '--capability=all', '--drop-capability=CAP_SYS_TIME',
    '--resolv-conf=off', '--timezone=off', '--link-journal=no', '--console=pipe', ...options.binds, '/fleet-init',
  ];
  const child = spawn(enter, argv, {
    stdio: ['ignore', consoleFile, consoleFile],
    detached: true, // Ctrl-C goes to the owner alone, which then takes the fleet down in order.
    env: { PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin', SYSTEMD_SECCOMP: '0', SYSTEMD_NSPAWN_API_VFS_WRITABLE: 'network' },
  });
  closeSync(consoleFile);
  let hasEnded = false;
  const ended = new Promise<number>((resolve, reject) => {
    child.once('exit', (code, signal) => { hasEnded = true; resolve(code ?? (signal === 'SIGKILL' ? 137 : 128)); });
    child.once('error', reject);
  });
  ended.catch(() => undefined);
  child.unref();
  const nspawn = child.pid === undefined ? null : identify(child.pid);
  const deadline = performance.now() + leaderMaxMs;
  while (!hasEnded && nspawn !== null && performance.now() < deadline) {
    const leader = findLeader(nspawn.pid);
    if (leader !== null) return { leader, ended, kill: () => { killExactly(leader, 'SIGKILL'); killExactly(nspawn, 'SIGKILL'); } };
    await sleep(pollMs);
  }
  if (nspawn !== null) killExactly(nspawn, 'SIGKILL');
  throw new Error(`host ${options.name} did not start: ${lastLines(options.consoleLog)}`);
}

export function lastLines(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n').slice(-15).join('\n') : 'no console output';
}

/** The child of nspawn that is process 1 of its own namespace and has become systemd. */
function findLeader(nspawnPid: number): ProcessIdentity | null {
  for (const pid of childrenOf(nspawnPid)) {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      if (/^Name:\tsystemd$/m.test(status) && /^NSpid:.*\t1$/m.test(status)) return identify(pid);
    } catch {
      // It ended in between.
    }
  }
  return null;
}
