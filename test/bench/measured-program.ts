import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

const endMaxMs = 10_000;

/** A program under measurement: what it says, and an end that is certain. */
export interface MeasuredProgram {
  readonly pid: number;
  /** Resolves with the first line that matches, and the time from the start to it. @throws where it ends or the time is up before. */
  readonly said: (pattern: RegExp, timeoutMs: number) => Promise<{ readonly line: string; readonly afterMs: number }>;
  readonly signal: (name: NodeJS.Signals) => void;
  readonly stop: () => Promise<void>;
}

/** Node's own settings are not inherited: NODE_EXTRA_CA_CERTS alone costs a start 70 ms. */
export function startProgram(argv: readonly string[], env: Readonly<Record<string, string>> = {}): MeasuredProgram {
  const [program = '', ...args] = argv;
  const startedMs = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...env } });
  const lines: { readonly line: string; readonly afterMs: number }[] = [];
  const listeners = new Set<() => void>();
  let ended = false;
  const tell = (): void => {
    for (const listener of [...listeners]) listener();
  };
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => {
      lines.push({ line, afterMs: performance.now() - startedMs });
      tell();
    });
  }
  child.once('close', () => {
    ended = true;
    tell();
  });
  child.once('error', () => tell());
  return {
    pid: child.pid ?? Number.NaN,
    said: (pattern, timeoutMs) =>
      new Promise((resolve, reject) => {
        const finish = (settle: () => void): void => {
          clearTimeout(timer);
          listeners.delete(look);
          settle();
        };
        const look = (): void => {
          const found = lines.find(({ line }) => pattern.test(line));
          if (found !== undefined) finish(() => resolve(found));
          else if (ended) finish(() => reject(new Error(`${argv.join(' ')} ended without saying ${pattern.source}: ${lastOf(lines)}`)));
        };
        const timer = setTimeout(() => finish(() => reject(new Error(`${argv.join(' ')} did not say ${pattern.source} in ${timeoutMs} ms: ${lastOf(lines)}`))), timeoutMs);
        listeners.add(look);
        look();
      }),
    signal: (name) => void child.kill(name),
    stop: () => stop(child),
  };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), endMaxMs);
  await closed;
  clearTimeout(timer);
}

function lastOf(lines: readonly { readonly line: string }[]): string {
  return lines.slice(-5).map(({ line }) => line).join(' | ');
}
