import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { childrenOf } from './process-identity.ts';

/** What a finished program left. `exitCode` is 128 + signal number where a signal ended it, as a shell would say. */
export interface ProgramResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

export interface ProgramOptions {
  readonly input?: string | Uint8Array;
  /** A local file as standard input, instead of `input`. */
  readonly inputFile?: string;
  readonly timeoutMs?: number;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** The program only waits for a child, as nsenter does: the child is killed, so that somebody is left to reap it. */
  readonly waitsForChild?: boolean;
  readonly signal?: AbortSignal;
}

const outputMaxBytes = 64 * 1024 * 1024;
const signalNumbers: Partial<Record<NodeJS.Signals, number>> = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 };

/**
 * Runs one program to its end by argument list and collects what it wrote. Never throws for an exit code or a time-out;
 * throws when the program cannot be started at all. A time-out or an abort kills it with SIGKILL.
 */
export function runProgram(argv: readonly string[], options: ProgramOptions = {}): Promise<ProgramResult> {
  return collect(argv, options, Buffer.from(options.input ?? '')).then(({ stdout, ...rest }) => ({ ...rest, stdout: stdout.toString('utf8') }));
}

/** As runProgram, with the bytes of standard output as they came. */
export function runForBytes(argv: readonly string[], options: ProgramOptions = {}): Promise<Omit<ProgramResult, 'stdout'> & { readonly stdout: Buffer }> {
  return collect(argv, options, Buffer.from(options.input ?? ''));
}

/** As runProgram, but an exit code other than 0 throws with what the program said. */
export async function mustRun(argv: readonly string[], options: ProgramOptions = {}): Promise<string> {
  const result = await runProgram(argv, options);
  if (result.exitCode !== 0) {
    const why = result.timedOut ? `took longer than ${options.timeoutMs} ms` : `exit code ${result.exitCode}`;
    throw new Error(`${argv.join(' ')}: ${why}: ${(result.stderr || result.stdout).trim().slice(-2000)}`);
  }
  return result.stdout;
}

function collect(argv: readonly string[], options: ProgramOptions, input: Buffer) {
  return new Promise<{ exitCode: number; stdout: Buffer; stderr: string; timedOut: boolean }>((resolve, reject) => {
    const [program = '', ...args] = argv;
    const inputFile = options.inputFile === undefined ? undefined : openSync(options.inputFile, 'r');
    const child = spawn(program, args, {
      stdio: [inputFile ?? 'pipe', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
    }) as ChildProcessByStdio<Writable | null, Readable, Readable>;
    if (inputFile !== undefined) closeSync(inputFile);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let sizeBytes = 0;
    let timedOut = false;
    const kill = (): void => {
      const children = options.waitsForChild === true && child.pid !== undefined ? childrenOf(child.pid) : [];
      for (const pid of children) killIfThere(pid);
      if (children.length === 0) child.kill('SIGKILL');
      child.stdout.destroy(); // What the program left running may hold the other end: do not wait for that.
      child.stderr.destroy();
    };
    const timer = options.timeoutMs === undefined ? undefined : setTimeout(() => { timedOut = true; kill(); }, options.timeoutMs);
    if (options.signal?.aborted === true) kill();
    options.signal?.addEventListener('abort', kill, { once: true });
    const keep = (into: Buffer[]) => (chunk: Buffer): void => {
      sizeBytes += chunk.length;
      if (sizeBytes > outputMaxBytes) kill();
      else into.push(chunk);
    };
    child.stdout.on('data', keep(out));
    child.stderr.on('data', keep(err));
    child.stdin?.on('error', () => undefined); // A program may end without reading its input: its exit code tells the rest.
    child.stdin?.end(input);
    child.on('error', (error) => { clearTimeout(timer); reject(error); });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', kill);
      const exitCode = code ?? 128 + (signal === null ? 0 : (signalNumbers[signal] ?? 0));
      resolve({ exitCode, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString('utf8'), timedOut });
    });
  });
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}
