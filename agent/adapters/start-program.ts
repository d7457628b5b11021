import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';

import { type ProgramOptions, type ProgramResult, STDOUT_MAX } from '../ports/programs.ts';

const STDERR_MAX = 64 * 1024;
/** dpkg finishes the package in its hands when asked to end; after this it is not asked any more. */
const KILL_AFTER_MS = 20_000;
/** After a program ended: its output is over once nothing was heard from one look to the next. */
const QUIET_LOOK_MS = 1_000;

const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LC_ALL: 'C.UTF-8' };

export interface Started {
  /** Null unless it was asked for. */
  readonly stdin: Writable | null;
  /** Null where it is collected. */
  readonly stdout: Readable | null;
  /** Rejects where the program is not there, and with the signal's reason where it fired. */
  readonly ended: Promise<ProgramResult>;
  /** The program and all that it started. */
  end(): void;
}

/** @param piped which ends are the caller's: by default nothing is read by the program, and what it writes is collected */
export function startProgram(argv: readonly [string, ...string[]], options: ProgramOptions, piped: 'none' | 'stdin' | 'stdout' = 'none'): Started {
  const [program, ...args] = argv;
  options.signal.throwIfAborted();
  const child = spawn(program, args, {
    stdio: [piped === 'stdin' ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    env: { ...ENVIRONMENT, ...options.env },
    // A process group of its own: apt is ended with the dpkg that it started.
    detached: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  }) as ChildProcessByStdio<Writable | null, Readable, Readable>;
  const stdout = piped === 'stdout' ? () => '' : collect(child.stdout, STDOUT_MAX, options);
  const stderr = collect(child.stderr, STDERR_MAX, options);
  const collected = piped === 'stdout' ? [child.stderr] : [child.stdout, child.stderr];
  let killing: NodeJS.Timeout | undefined;
  let listening: NodeJS.Timeout | undefined;
  const end = (): void => {
    killGroup(child.pid, 'SIGTERM');
    killing ??= setTimeout(() => killGroup(child.pid, 'SIGKILL'), KILL_AFTER_MS);
    if (listening !== undefined) hangUp(collected);
  };
  options.signal.addEventListener('abort', end, { once: true });
  child.once('exit', () => {
    listening = hangUpWhenQuiet(collected);
    if (options.signal.aborted) hangUp(collected);
  });
  const ended = settled(child, options.signal).then(({ code, signal }) => ({ code: code ?? 128 + constants.signals[signal ?? 'SIGKILL'], stdout: stdout(), stderr: stderr() })).finally(() => {
    options.signal.removeEventListener('abort', end);
    clearTimeout(killing);
    clearInterval(listening);
  });
  return { stdin: child.stdin, stdout: piped === 'stdout' ? child.stdout : null, ended, end };
}

function settled(child: ChildProcess, stop: AbortSignal): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (stop.aborted) reject(stop.reason);
      else resolve({ code, signal });
    });
  });
}

function collect(stream: NodeJS.ReadableStream, limit: number, { output }: ProgramOptions): () => string {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text = (text + chunk).slice(-limit);
    output?.(chunk);
  });
  return () => text;
}

/** What a program leaves behind may hold its output open for as long as it lives, and is not waited for. */
function hangUpWhenQuiet(streams: readonly Readable[]): NodeJS.Timeout {
  let heard = true;
  for (const stream of streams) stream.on('data', () => (heard = true));
  return setInterval(() => {
    if (!heard) hangUp(streams);
    heard = false;
  }, QUIET_LOOK_MS);
}

function hangUp(streams: readonly Readable[]): void {
  for (const stream of streams) stream.destroy();
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It is gone.
  }
}
