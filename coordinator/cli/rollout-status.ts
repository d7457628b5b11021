import type { ExitCode } from './exit-code.ts';
import { EXIT } from './exit-code.ts';

const OVER = ['completed', 'failed', 'aborted', 'rolled-back'];

export function isOver(status: string): boolean {
  return OVER.includes(status);
}

/** By a person or by the system: no slot is granted and nothing is outstanding. */
export function isPaused(status: string): boolean {
  return status === 'paused' || status === 'held';
}

export function exitCodeOf(status: string): ExitCode {
  if (isPaused(status)) return EXIT.paused;
  return status === 'completed' ? EXIT.ok : EXIT.notCompleted;
}
