import { spawn } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';
import { join } from 'node:path';
import type { ProcessIdentity } from './process-identity.ts';

export interface SwitchSpawnOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly stdio?: StdioOptions;
  readonly signal?: AbortSignal;
}

export interface SwitchPlace {
  readonly holder: ProcessIdentity;
  /** Its processes are killed with the fleet. */
  readonly cgroup: string;
  readonly hostsFile: string;
}

/** $1 is a file named cgroup.procs, $2 the hosts file, then the program. The bind is seen by this process alone. */
const enterSwitch = 'echo $$ > "$1" && mount --bind "$2" /etc/hosts && shift 2 && exec "$@"';

/** The words that run a program of this machine in the switch's network namespace, with the fleet's names in /etc/hosts. */
export function switchCommand(place: SwitchPlace, argv: readonly string[]): readonly string[] {
  return [
    'nsenter', `--net=/proc/${place.holder.pid}/ns/net`, '--',
    'unshare', '--mount', '--propagation', 'slave', '--', 'sh', '-c', enterSwitch, 'sh', join(place.cgroup, 'cgroup.procs'), place.hostsFile, ...argv,
  ];
}

/** The child's number is the program's own: what stands before it gives way to it by exec. */
export function spawnInSwitch(place: SwitchPlace, argv: readonly string[], options: SwitchSpawnOptions = {}): ChildProcess {
  const [program = '', ...args] = switchCommand(place, argv);
  return spawn(program, args, { stdio: 'pipe', ...options });
}
