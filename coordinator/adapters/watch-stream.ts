import type { StoredEvent, Unsubscribe } from '../ports/event-store.ts';

export interface WatchSource {
  read(after: number, limit: number): Promise<readonly StoredEvent[]>;
  /** Calls the listener after each append that `read` can see. */
  onAppend(listener: () => void): Unsubscribe;
}

const batchMax = 1000;

/**
 * Events above `after`, each once and in order, until the signal is aborted. The listener is set before the first read and
 * only says "look again", so an append that falls between a read and the wait is neither lost nor yielded twice.
 */
export async function* watchStream(source: WatchSource, after: number, signal: AbortSignal): AsyncGenerator<StoredEvent, void> {
  let changed = false;
  let wake = (): void => undefined;
  const onAbort = (): void => wake();
  const stop = source.onAppend(() => {
    changed = true;
    wake();
  });
  signal.addEventListener('abort', onAbort);
  try {
    let last = after;
    while (!signal.aborted) {
      changed = false;
      const events = await source.read(last, batchMax);
      for (const event of events) {
        if (signal.aborted) return;
        yield event;
        last = event.sequence;
      }
      if (events.length > 0 || changed || signal.aborted) continue;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    stop();
    signal.removeEventListener('abort', onAbort);
  }
}
