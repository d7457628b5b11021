import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable } from 'node:stream';

import { type ProgramOptions, type ProgramResult, type RunProgram, STDOUT_MAX } from '../ports/programs.ts';

const STDERR_MAX = 64 * 1024;
/** dpkg finishes the package in its hands when asked to end; after this it is not asked any more. */
const KILL_AFTER_MS = 20_000;
/** After a program ended: its output is over once nothing was heard from one look to the next. */
const QUIET_LOOK_MS = 1_000;

type Child = ChildProcessByStdio<null, Readable, Readable>;

const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LC_ALL: 'C.UTF-8' };

/** @throws where the program is not there, and the signal's reason where it fired. */
export const runProgram: RunProgram = (argv, options) => {
  const [program, ...args] = argv;
  options.signal.throwIfAborted();
  return new Promise<ProgramResult>((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...ENVIRONMENT, ...options.env },
      // A process group of its own: apt is ended with the dpkg that it started.
      detached: true,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    const stdout = collect(child.stdout, STDOUT_MAX, options);
    const stderr = collect(child.stderr, STDERR_MAX, options);
    let killing: NodeJS.Timeout | undefined;
    let listening: NodeJS.Timeout | undefined;
    const end = (): void => {
      killGroup(child.pid, 'SIGTERM');
      killing = setTimeout(() => killGroup(child.pid, 'SIGKILL'), KILL_AFTER_MS);
      if (listening !== undefined) hangUp(child);
    };
    options.signal.addEventListener('abort', end, { once: true });
    child.once('exit', () => {
      listening = hangUpWhenQuiet(child);
      if (options.signal.aborted) hangUp(child);
    });
    const settled = (): void => {
      options.signal.removeEventListener('abort', end);
      clearTimeout(killing);
      clearInterval(listening);
    };
    child.once('error', (error) => {
      settled();
      reject(error);
    });
    child.once('close', (code, signal) => {
      settled();
      if (options.signal.aborted) reject(options.signal.reason);
      else resolve({ code: code ?? 128 + constants.signals[signal ?? 'SIGKILL'], stdout: stdout(), stderr: stderr() });
    });
  });
};

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
function hangUpWhenQuiet(child: Child): NodeJS.Timeout {
  let heard = true;
  for (const stream of [child.stdout, child.stderr]) stream.on('data', () => (heard = true));
  return setInterval(() => {
    if (!heard) hangUp(child);
    heard = false;
  }, QUIET_LOOK_MS);
}

function hangUp({ stdout, stderr }: Child): void {
  stdout.destroy();
  stderr.destroy();
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It is gone.
  }
}
