import type { EventStore } from '../ports/event-store.ts';
import { StoreError } from '../ports/store-error.ts';

/** Other coordinators write the same record seldom; this many lost races in a row mean something is wrong. */
const ATTEMPTS_MAX = 20;

export interface RecordChange<Result> {
  /** The new value; null leaves the record as it is. */
  readonly write: object | 'delete' | null;
  readonly result: Result;
}

/**
 * Read, decide, compare-and-swap; after a lost race everything from the start.
 * @param decide pure; gets null where there is no such record.
 */
export async function updateRecord<Result>(store: EventStore, key: string, decide: (value: unknown) => RecordChange<Result>): Promise<Result> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const record = await store.getRecord(key);
    const { write, result } = decide(record?.value ?? null);
    if (write === null) return result;
    const revision = record?.revision ?? 0;
    const put = write === 'delete' ? await store.deleteRecord(key, revision) : await store.putRecord(key, write, revision);
    if (put.ok) return result;
  }
  throw new StoreError('store-failed', `the record ${key} was changed by somebody else ${ATTEMPTS_MAX} times in a row`, 'try again', { retryable: true });
}
