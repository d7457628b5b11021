import { type EventStore, READ_MAX, type StoredEvent } from '../ports/event-store.ts';

/** Every event that a stream holds now, page by page; those above a sequence, where one is given. */
export async function* readAll(store: EventStore, stream: string, above = 0): AsyncGenerator<StoredEvent> {
  let after = above;
  for (;;) {
    const page = await store.read(stream, after, READ_MAX);
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < READ_MAX) return;
    after = last.sequence;
  }
}
