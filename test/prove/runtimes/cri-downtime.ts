import { setTimeout as sleep } from 'node:timers/promises';

import { ask } from '../../../agent/adapters/call-grpc.ts';
import { withRuntime } from '../../../agent/adapters/runtimes/call-runtime.ts';

const LOOK_EVERY_MS = 5;
const LOOK_MAX_MS = 5000;
/** CRI comes up after its unit says that it is up: it is looked at for so long after the work. */
const WATCHED_AFTER_MS = 500;

/**
 * The longest time, in milliseconds, from an answer of CRI to the next one with a look that failed between them, while this was
 * done. Where every look was answered nothing was away, however long the machine took to look: work is seldom all restart.
 */
export async function criDowntime(socket: string, work: () => Promise<void>): Promise<number> {
  let doneMs: number | null = null;
  let longest = 0;
  const watch = (async () => {
    let answeredMs = performance.now();
    let isAway = false;
    while (isAway || doneMs === null || performance.now() - doneMs < WATCHED_AFTER_MS) {
      const answers = await doesAnswer(socket);
      if (answers && isAway) longest = Math.max(longest, performance.now() - answeredMs);
      if (answers) answeredMs = performance.now();
      isAway = !answers;
      await sleep(LOOK_EVERY_MS);
    }
  })();
  try {
    await work();
  } finally {
    doneMs = performance.now();
    await watch;
  }
  if (longest === 0) throw new Error(`${socket} answered every time: nothing restarted what listens there`);
  return longest;
}

/** With the cheapest call that there is: who looks takes time from what comes up. */
async function doesAnswer(socket: string): Promise<boolean> {
  const signal = AbortSignal.timeout(LOOK_MAX_MS);
  return await withRuntime(socket, ({ runtime }) => ask((options, done) => runtime.version({}, options, done), { maxMs: LOOK_MAX_MS, signal })).then(() => true, () => false);
}
