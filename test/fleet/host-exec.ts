import type { ProcessIdentity } from './process-identity.ts';
import { runProgram } from './run-program.ts';
import type { ProgramOptions, ProgramResult } from './run-program.ts';

export interface ExecOptions {
  readonly timeoutMs?: number;
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const execDefaultMaxMs = 120_000;
let counter = 0;

/**
 * The words before a program that make it run in the host's namespaces. It can never set the clock, which all share.
 * A shell outside of the host's process namespace waits for it and reaps it. nsenter's own waiting must not be used: when
 * a host goes down, systemd-shutdown stops every process for a moment, nsenter stops itself as well and is never
 * continued, and the host cannot end while its zombie is there.
 */
export function enterHost(leader: ProcessIdentity): readonly string[] {
  return ['setpriv', '--bounding-set=-sys_time', '--inh-caps=-sys_time', 'nsenter', '--target', String(leader.pid), '-m', '-u', '-i', '-n', '-p', '-C', '-r', '-w', '--no-fork', '--', 'sh', '-c', '"$@"; exit $?', 'sh', 'env', '-i', path, 'LANG=C.UTF-8'];
}

/**
 * Runs a program in the host as a transient unit, so in a control group of its own that lives and dies with the host.
 * When the time is up or the signal fires, the unit is killed with all that it started.
 */
export async function execInHost(leader: ProcessIdentity, argv: readonly string[], options: ExecOptions = {}): Promise<ProgramResult> {
  const unit = `fleet-exec-${process.pid}-${counter++}.service`;
  const settings = Object.entries({ HOME: '/root', ...options.env }).map(([name, value]) => `--setenv=${name}=${value}`);
  // systemd replaces $NAME and ${NAME} in a command; $$ stands for the sign itself (systemd.service(5)).
  const command = argv.map((word) => word.replaceAll('$', '$$$$'));
  const program = [...enterHost(leader), 'systemd-run', '--quiet', '--pipe', '--wait', '--collect', `--unit=${unit}`, ...settings, '--', ...command];
  const result = await runProgram(program, programOptions(options));
  if (result.timedOut || options.signal?.aborted === true) {
    await peekInHost(leader, ['systemctl', 'kill', '--signal=SIGKILL', unit], { timeoutMs: 2000 });
  }
  return result;
}

/**
 * Runs a program in the host's namespaces but in the caller's control group: some 10 ms instead of some 50, for looking
 * only, as what it starts outlives neither a freeze nor a limit of the host.
 */
export function peekInHost(leader: ProcessIdentity, argv: readonly string[], options: ExecOptions = {}): Promise<ProgramResult> {
  const settings = Object.entries(options.env ?? {}).map(([name, value]) => `${name}=${value}`);
  return runProgram([...enterHost(leader), ...settings, ...argv], programOptions(options));
}

function programOptions(options: ExecOptions): ProgramOptions {
  return {
    waitsForChild: true,
    timeoutMs: options.timeoutMs ?? execDefaultMaxMs,
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  };
}
