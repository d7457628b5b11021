import { setTimeout as sleep } from 'node:timers/promises';

import type { Cri } from '../../agent/ports/cri.ts';

const LOOK_EVERY_MS = 5;

/** The longest time over which CRI did not answer while this was done, in milliseconds: from the last answer before to the first one after. */
export async function criDowntime(cri: Cri, work: () => Promise<void>): Promise<number> {
  const stop = new AbortController();
  let longest = 0;
  const watch = (async () => {
    let answeredMs = performance.now();
    let isAway = false;
    while (!stop.signal.aborted) {
      const askedMs = performance.now();
      const look = await cri.look(AbortSignal.timeout(5_000)).catch(() => ({ reached: false as const }));
      if (look.reached && isAway) longest = Math.max(longest, performance.now() - answeredMs);
      isAway = !look.reached;
      if (look.reached) answeredMs = askedMs;
      await sleep(LOOK_EVERY_MS);
    }
  })();
  try {
    await work();
  } finally {
    stop.abort();
    await watch;
  }
  return longest;
}
