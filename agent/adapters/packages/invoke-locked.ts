import { setTimeout as delay } from 'node:timers/promises';

import type { ProgramResult } from '../../ports/programs.ts';
import type { PackageParts } from './package-parts.ts';

const LOCK_RETRY_MS = 1_000;

/** Stands before the holder's name in what a program said that never got the lock. */
export const LOCK_MARK = 'farrier: the package system is locked by ';

export interface Lock {
  readonly isLocked: (result: ProgramResult) => boolean;
  /** For a person; null where it has ended meanwhile. */
  readonly holder: () => Promise<string | null>;
}

/** Tries a program again and again while another one has the lock. */
export async function invokeLocked({ lockWaitMs }: PackageParts, run: () => Promise<ProgramResult>, { isLocked, holder }: Lock, signal: AbortSignal): Promise<ProgramResult> {
  const startedMs = performance.now();
  for (;;) {
    const result = await run();
    if (result.code === 0 || !isLocked(result)) return result;
    if (performance.now() - startedMs > lockWaitMs) return { ...result, stderr: `${result.stderr}\n${LOCK_MARK}${(await holder()) ?? 'another process that has ended meanwhile'}` };
    await delay(LOCK_RETRY_MS, undefined, { signal });
  }
}
