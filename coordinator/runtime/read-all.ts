import type { EventStore, StoredEvent } from '../ports/event-store.ts';

const PAGE = 10_000;

/** Every event that a stream holds now, page by page. */
export async function* readAll(store: EventStore, stream: string): AsyncGenerator<StoredEvent> {
  let after = 0;
  for (;;) {
    const page = await store.read(stream, after, PAGE);
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = last.sequence;
  }
}
