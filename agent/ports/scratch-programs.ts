import type { ProgramResult } from './programs.ts';

/** Programs of others that are run on what was restored: they see their folder, little memory, and no network where that can be had. */
export interface ScratchPrograms {
  /** Starts one in the folder, which is for root alone. Its output is kept short. */
  start(argv: readonly [string, ...string[]], place: ScratchPlace, signal: AbortSignal): ScratchProgram;
  /** Ends all that was started in the folder, by this process or by one that died, as a crash would; resolves when they are gone. Idempotent. @returns '' or what does not end */
  endAll(folder: string): Promise<string>;
}

export interface ScratchPlace {
  readonly folder: string;
  /** It is ended then, whatever became of us. */
  readonly maxMs: number;
}

export interface ScratchProgram {
  /** Rejects where the program cannot be started, and with the signal's reason where it fired. */
  readonly ended: Promise<ProgramResult>;
}
