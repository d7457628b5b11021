import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

import type { StoredEvent } from '../ports/event-store.ts';
import { StoreError } from '../ports/store-error.ts';
import type { NatsMessage } from './nats-client.ts';

/**
 * The events of one append in one message, so that an append is stored whole or not at all. The body is a JSON list; our
 * own sequence, which has no holes, stands in headers that can be read without it.
 */
export interface EncodedBatch {
  readonly data: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

const FIRST = 'Farrier-First';
const COUNT = 'Farrier-Count';
const ENCODING = 'Farrier-Encoding';
/** Freezing a rollout of ten thousand nodes makes megabytes of much the same; NATS takes 1 MB unless told otherwise. */
const COMPRESS_FROM_BYTES = 64 * 1024;
const DECODED_MAX_BYTES = 256 * 1024 * 1024;

export function encodeBatch(first: number, events: readonly string[]): EncodedBatch {
  const json = Buffer.from(`[${events.join(',')}]`);
  const headers = { [FIRST]: String(first), [COUNT]: String(events.length) };
  return json.length < COMPRESS_FROM_BYTES ? { data: json, headers } : { data: zstdCompressSync(json), headers: { ...headers, [ENCODING]: 'zstd' } };
}

export function decodeBatch(message: NatsMessage): readonly StoredEvent[] {
  const { first, last } = batchRange(message);
  const json = message.header(ENCODING) === 'zstd' ? zstdDecompressSync(message.data, { maxOutputLength: DECODED_MAX_BYTES }) : message.data;
  const events = JSON.parse(Buffer.from(json).toString('utf8')) as readonly unknown[];
  if (events.length !== last - first + 1) throw corruptStream(message.subject, `message ${message.sequence} holds ${events.length} events and says ${last - first + 1}`);
  return events.map((event, index) => ({ sequence: first + index, event }));
}

/** Our sequences of the first and the last event in a message. */
export function batchRange(message: NatsMessage): { readonly first: number; readonly last: number } {
  const first = Number(message.header(FIRST));
  const count = Number(message.header(COUNT));
  if (!(first >= 1 && count >= 1)) throw corruptStream(message.subject, `message ${message.sequence} was not written by Farrier`);
  return { first, last: first + count - 1 };
}

export function corruptStream(subject: string, why: string): StoreError {
  return new StoreError('store-corrupt', `the event stream behind ${subject} is damaged: ${why}`, 'nobody but the coordinators may write or delete there; restore the JetStream account from its backup');
}
