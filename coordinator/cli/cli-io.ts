import type { Clock } from '../../shared/ports/clock.ts';

/** Everything that the command line touches of its process; tests give their own. */
export interface CliIo {
  /** One line to standard output. */
  readonly out: (line: string) => void;
  /** One line to standard error. */
  readonly err: (line: string) => void;
  /** Null where standard output is no terminal. */
  readonly terminal: Terminal | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
  readonly clock: Clock;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly readStdin: () => Promise<string>;
  /** Asks the person at the terminal; null where nobody sits there. */
  readonly askLine: ((question: string) => Promise<string>) | null;
}

export interface Terminal {
  readonly write: (text: string) => void;
  readonly columns: () => number;
  readonly rows: () => number;
}
