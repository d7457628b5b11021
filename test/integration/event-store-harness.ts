import type { EventStore, StoredEvent } from '../../coordinator/ports/event-store.ts';

/** What an adapter brings along to be held to the contract. One harness serves one test. */
export interface EventStoreHarness {
  /** Opens the store of this test; after close() it opens the same one again. */
  open(): Promise<EventStore>;
  /** Opens one more beside it, as another coordinator would. */
  openAnother(): Promise<EventStore>;
  /** Lets time go by: a manual clock, or really. */
  pass(ms: number): Promise<void>;
  /** A length of lease that `pass` can outlast without slowing the tests down. */
  readonly leaseTtlMs: number;
  dispose(): Promise<void>;
}

/** The store of the test that runs now. */
export interface StoreUnderTest {
  readonly harness: EventStoreHarness;
  readonly store: EventStore;
  /** Closes the store and opens it again. */
  reopen(): Promise<void>;
}

export function numbered(count: number, from = 1): readonly { readonly n: number }[] {
  return Array.from({ length: count }, (_, index) => ({ n: from + index }));
}

export function sequences(events: readonly StoredEvent[]): readonly number[] {
  return events.map(({ sequence }) => sequence);
}

export function revisionOf(result: { readonly ok: true; readonly revision: number } | { readonly ok: false }): number {
  if (!result.ok) throw new Error('the write was refused');
  return result.revision;
}
