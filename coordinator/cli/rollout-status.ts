import type { Rollout__Output as Rollout } from '../../shared/wire/messages.ts';
import type { ExitCode } from './exit-code.ts';
import { EXIT } from './exit-code.ts';

const OVER = ['completed', 'failed', 'aborted', 'rolled-back'];

export function isOver(status: string): boolean {
  return OVER.includes(status);
}

/** Completed, and not the last hop of its chain: another rollout follows by itself. */
export function goesOn({ status, hop, hops }: Pick<Rollout, 'status' | 'hop' | 'hops'>): boolean {
  return status === 'completed' && hop < hops;
}

/** By a person or by the system: no slot is granted and nothing is outstanding. */
export function isPaused(status: string): boolean {
  return status === 'paused' || status === 'held';
}

export function exitCodeOf(status: string): ExitCode {
  if (isPaused(status)) return EXIT.paused;
  return status === 'completed' ? EXIT.ok : EXIT.notCompleted;
}
