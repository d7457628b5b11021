import type { CliIo, Terminal } from '../../coordinator/cli/cli-io.ts';
import { runCli } from '../../coordinator/cli/run-cli.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { systemClock } from '../../shared/ports/system-clock.ts';

/** 2025-11-20 12:00:00Z */
export const NOON_UNIX_MS = Date.UTC(2025, 10, 20, 12);

export interface CliRun {
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  readonly exitCode: number;
}

interface RunOptions {
  readonly terminal?: Terminal;
  readonly env?: Readonly<Record<string, string>>;
  readonly homeDir?: string;
  readonly stdin?: string;
  /** At the terminal. */
  readonly typed?: string;
  readonly signal?: AbortSignal;
  readonly onLine?: (line: string) => void;
  readonly clock?: Clock;
}

/** The command line in this process, with a wall clock that stands still. */
export async function runFarrier(argv: readonly string[], options: RunOptions = {}): Promise<CliRun> {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const io: CliIo = {
    out: (line) => {
      stdout.push(line);
      options.onLine?.(line);
    },
    err: (line) => {
      stderr.push(line);
      options.onLine?.(line);
    },
    terminal: options.terminal ?? null,
    env: options.env ?? {},
    homeDir: options.homeDir ?? '/nonexistent',
    clock: options.clock ?? { ...systemClock, wallUnixMs: () => NOON_UNIX_MS },
    signal: options.signal ?? new AbortController().signal,
    readStdin: async () => options.stdin ?? '',
    askLine: options.typed === undefined ? null : async () => options.typed ?? '',
  };
  const exitCode = await runCli(argv, io);
  return { stdout, stderr, exitCode };
}

/** As a person would copy it out of a terminal. */
export function transcriptOf(argv: readonly string[], { stdout, stderr, exitCode }: CliRun): string {
  const command = argv.map((word) => (/^[\w./:=*-]+$/.test(word) ? word : `'${word}'`)).join(' ');
  const errors = stderr.length === 0 ? [] : ['--- standard error', ...stderr];
  return [`$ farrier ${command}`, ...stdout, ...errors, `--- exit code ${exitCode}`, ''].join('\n');
}
