import type { ServerWritableStream } from '@grpc/grpc-js';
import { once } from 'node:events';

import type { Clock } from '../../shared/ports/clock.ts';
import type { Rollout } from '../../shared/wire/messages.ts';
import type { Controller } from '../runtime/controller.ts';
import { type Gate, toStatus } from './unary.ts';

/** Many changes of one tick reach a watcher as one message. */
const WATCH_EVERY_MS = 200;
/** Ages and estimates move even when nothing happens. */
const WATCH_AT_LEAST_EVERY_MS = 2_000;

export type WatchCall = ServerWritableStream<{ readonly rollout: string }, { rollout?: Rollout | null }>;

/**
 * Shows a rollout to one watcher until it is over or the watcher has gone. Never rejects. One that does not read is shown
 * nothing new until it does: a terminal that was stopped must not fill the coordinator's memory.
 *
 * @param look the rollout as it is now, and whether it is over. @throws ApiError where there is none.
 */
export async function watchRollout(
  gate: Gate,
  parts: { readonly controller: Pick<Controller, 'onChange'>; readonly clock: Clock },
  call: WatchCall,
  look: (id: string) => { readonly shown: Rollout; readonly over: boolean },
): Promise<void> {
  // Before anything is awaited: who goes meanwhile must not be waited for.
  const gone = new AbortController();
  for (const end of ['cancelled', 'close', 'error']) call.on(end, () => gone.abort());
  let isNews = false;
  let wake: () => void = () => undefined;
  const stop = parts.controller.onChange(() => {
    isNews = true;
    wake();
  });
  try {
    await gate.identify(call);
    while (!gone.signal.aborted) {
      isNews = false;
      const { shown, over } = look(call.request.rollout);
      const isRead = call.write({ rollout: shown });
      if (over) break;
      if (!isRead) await once(call, 'drain', { signal: gone.signal }).catch(() => undefined);
      await parts.clock.sleep(WATCH_EVERY_MS, gone.signal).catch(() => undefined);
      if (isNews) continue;
      const rest = new AbortController();
      wake = () => rest.abort();
      await parts.clock.sleep(WATCH_AT_LEAST_EVERY_MS, AbortSignal.any([gone.signal, rest.signal])).catch(() => undefined);
    }
    call.end();
  } catch (error) {
    call.emit('error', toStatus(gate, error));
  } finally {
    stop();
  }
}
