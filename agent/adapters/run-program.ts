import { spawn } from 'node:child_process';
import { constants } from 'node:os';

import { type ProgramOptions, type ProgramResult, type RunProgram, STDOUT_MAX } from '../ports/programs.ts';

const STDERR_MAX = 64 * 1024;
/** dpkg finishes the package in its hands when asked to end; after this it is not asked any more. */
const KILL_AFTER_MS = 20_000;

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
    const end = (): void => {
      killGroup(child.pid, 'SIGTERM');
      killing = setTimeout(() => killGroup(child.pid, 'SIGKILL'), KILL_AFTER_MS);
    };
    options.signal.addEventListener('abort', end, { once: true });
    const settled = (): void => {
      options.signal.removeEventListener('abort', end);
      clearTimeout(killing);
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

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It is gone.
  }
}
