/** Runs a program by argument list. Its environment is exactly `env` and a fixed PATH and locale. */
export type RunProgram = (argv: readonly [string, ...string[]], options: ProgramOptions) => Promise<ProgramResult>;

/** Runs two programs, the second one reading what the first one writes; both are ended by their group where one of them is missing. */
export type PipePrograms = (
  from: readonly [string, ...string[]],
  to: readonly [string, ...string[]],
  options: ProgramOptions & { /** Gets how many bytes went through each time. */ readonly passed?: (bytes: number) => void },
) => Promise<{ readonly from: ProgramResult; readonly to: ProgramResult }>;

export interface ProgramOptions {
  /** The program and all it started are ended when it fires: SIGTERM first, SIGKILL after a while. */
  readonly signal: AbortSignal;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Gets standard output and error as they come. */
  readonly output?: (text: string) => void;
}

/** Of standard output. */
export const STDOUT_MAX = 4 * 1024 * 1024;

export interface ProgramResult {
  /** 128 + signal where a signal ended it. */
  readonly code: number;
  /** The last STDOUT_MAX characters at most. */
  readonly stdout: string;
  /** The last 64 KiB at most. */
  readonly stderr: string;
}
