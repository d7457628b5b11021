import type { EventStore } from '../ports/event-store.ts';
import { readTokenRecord, TOKEN_PREFIX, type TokenRecord } from './token-record.ts';
import { updateRecord } from './update-record.ts';

/** Those that expired or are used up too, until somebody revokes them. */
export async function listTokens(store: EventStore): Promise<readonly TokenRecord[]> {
  return (await store.listRecords(TOKEN_PREFIX)).map(({ value }) => readTokenRecord(value));
}

/** No host enrolls with it any more; those that did stay. @returns whether there was one. */
export async function revokeToken(store: EventStore, id: string): Promise<boolean> {
  return await updateRecord(store, TOKEN_PREFIX + id, (value) => ({ write: value === null ? null : 'delete', result: value !== null }));
}
