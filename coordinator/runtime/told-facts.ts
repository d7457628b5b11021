import type { NodeName } from '../../shared/domain/ids.ts';
import { fromFactsMessage, toFactsMessage } from '../../shared/wire/facts-codec.ts';
import { decode, encode, farrier } from '../../shared/wire/protocol.ts';
import type { ToldFacts } from '../core/world.ts';
import type { EventStore } from '../ports/event-store.ts';
import { updateRecord } from '../trust/update-record.ts';

const FACTS_PREFIX = 'facts/';

/** What the record `facts/<node>` holds: the message itself, which any version can read. */
interface FactsRecord {
  readonly message: string;
  readonly sinceUnixMs: number;
}

/** Keeps what a host told last; null where it told nothing that can be read. */
export async function keepFacts(store: EventStore, node: NodeName, told: ToldFacts | null): Promise<void> {
  const write = told === null ? null : ({ message: encode(farrier.HostFacts, toFactsMessage(told.facts)).toString('base64'), sinceUnixMs: told.sinceUnixMs } satisfies FactsRecord);
  await updateRecord(store, FACTS_PREFIX + node, (held) => ({ write: write ?? (held === null ? null : 'delete'), result: undefined }));
}

export async function loadFacts(store: EventStore): Promise<ReadonlyMap<NodeName, ToldFacts>> {
  const told = new Map<NodeName, ToldFacts>();
  for (const { key, value } of await store.listRecords(FACTS_PREFIX)) {
    const { message, sinceUnixMs } = value as FactsRecord;
    const found = fromFactsMessage(decode(farrier.HostFacts, Buffer.from(message, 'base64')));
    // Written by another version: the agent tells them again when it dials in.
    if (found.ok) told.set(key.slice(FACTS_PREFIX.length), { facts: found.value, sinceUnixMs });
  }
  return told;
}
