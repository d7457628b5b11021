import { setTimeout as sleep } from 'node:timers/promises';

import type { Cri } from '../../../agent/ports/cri.ts';

const LOOK_EVERY_MS = 5;
/** CRI comes up after its unit says that it is up: it is looked at for so long after the work. */
const WATCHED_AFTER_MS = 500;

/**
 * The longest time between two answers of CRI while this was done, in milliseconds. A look that waits until it is answered
 * counts like those that fail.
 */
export async function criDowntime(cri: Cri, work: () => Promise<void>): Promise<number> {
  let doneMs: number | null = null;
  let longest = 0;
  const watch = (async () => {
    let answeredMs = performance.now();
    let isAway = false;
    while (isAway || doneMs === null || performance.now() - doneMs < WATCHED_AFTER_MS) {
      const look = await cri.look(AbortSignal.timeout(5_000)).catch(() => ({ reached: false as const }));
      isAway = !look.reached;
      if (look.reached) {
        longest = Math.max(longest, performance.now() - answeredMs);
        answeredMs = performance.now();
      }
      await sleep(LOOK_EVERY_MS);
    }
  })();
  try {
    await work();
  } finally {
    doneMs = performance.now();
    await watch;
  }
  return longest;
}
