import type { EventStore, StoredEvent } from '../ports/event-store.ts';
import { BackupError } from './backup-error.ts';
import { LEDGER_STREAM } from './streams.ts';

export interface CopiedStore {
  readonly streams: number;
  readonly events: number;
  readonly records: number;
}

const PAGE_MAX = 1000;
/** Small enough for one message of NATS as it comes out of the box. */
const APPEND_MAX_CHARS = 256 * 1024;

/**
 * Copies every event and record into an empty store of any kind; leases stay behind, revisions begin anew. Each stream is
 * copied as it is when its turn comes. The ledger is last: what a running coordinator grants meanwhile is then rather
 * a slot too many in the copy than one too few.
 */
export async function copyStore(from: EventStore, to: EventStore): Promise<CopiedStore> {
  if ((await to.streams('')).length > 0 || (await to.listRecords('')).length > 0) {
    throw new BackupError('target-exists', 'the store to copy into is not empty; nothing was changed', 'give it another fleet name or data folder');
  }
  const records = await from.listRecords('');
  for (const { key, value } of records) must(await to.putRecord(key, value as object, 0), key);
  const streams = (await from.streams('')).toSorted((a, b) => Number(a === LEDGER_STREAM) - Number(b === LEDGER_STREAM));
  let events = 0;
  for (const stream of streams) events += await copyStream(stream, from, to);
  return { streams: streams.length, events, records: records.length };
}

/** @returns how many events. */
async function copyStream(stream: string, from: EventStore, to: EventStore): Promise<number> {
  let last = 0;
  for (;;) {
    const page = await from.read(stream, last, PAGE_MAX);
    for (const part of inParts(page)) {
      must(await to.append(stream, last, part), stream);
      last += part.length;
    }
    if (page.length < PAGE_MAX) return last;
  }
}

function inParts(events: readonly StoredEvent[]): readonly (readonly object[])[] {
  const parts: object[][] = [];
  let roomChars = 0;
  for (const { event } of events) {
    const chars = JSON.stringify(event).length;
    const current = parts.at(-1);
    if (current === undefined || chars > roomChars) {
      parts.push([event as object]);
      roomChars = APPEND_MAX_CHARS - chars;
    } else {
      current.push(event as object);
      roomChars -= chars;
    }
  }
  return parts;
}

function must(result: { readonly ok: boolean }, name: string): void {
  if (!result.ok) throw new BackupError('target-exists', `somebody writes ${name} in the store that is copied into`, 'stop every coordinator on it, empty it and copy again');
}
