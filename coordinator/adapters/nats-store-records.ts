import { randomUUID } from 'node:crypto';

import type { PutResult, StoredRecord } from '../ports/event-store.ts';
import type { NatsClient, NatsMessage } from './nats-client.ts';
import { fromSubject, toFilter, toSubject } from './nats-subject.ts';

export interface NatsRecords {
  get(key: string): Promise<StoredRecord | null>;
  put(key: string, value: object, expectedRevision: number): Promise<PutResult>;
  delete(key: string, expectedRevision: number): Promise<PutResult>;
  list(prefix: string): Promise<readonly StoredRecord[]>;
}

/** How a key-value bucket of NATS marks what was deleted (ADR-8), so that `nats kv` reads ours. */
const OPERATION = 'KV-Operation';
const DELETED = 'DEL';
const READS_AT_ONCE_MAX = 64;

/** Names of the JetStream stream and the subjects behind a key-value bucket (ADR-8). */
export function bucketNames(bucket: string): { readonly stream: string; readonly prefix: string } {
  return { stream: `KV_${bucket}`, prefix: `$KV.${bucket}` };
}

/** Records as a key-value bucket. The revision is JetStream's sequence: it counts over all keys and never goes back. */
export function natsRecords(client: NatsClient, bucket: string): NatsRecords {
  const { stream, prefix } = bucketNames(bucket);

  const newest = (key: string): Promise<NatsMessage | null> => client.last(stream, toSubject(prefix, key));

  async function change(key: string, expectedRevision: number, json: string, headers: Readonly<Record<string, string>>): Promise<PutResult> {
    const found = await newest(key);
    const actualRevision = revisionOf(found);
    if (actualRevision !== expectedRevision) return { ok: false, actualRevision };
    // Over a deleted record the server must compare with the mark that deleted it.
    const expectedSequence = found?.sequence ?? 0;
    const result = await client.publish(toSubject(prefix, key), { stream, data: Buffer.from(json), id: randomUUID(), expectedSequence, headers });
    return result.ok ? { ok: true, revision: result.sequence } : { ok: false, actualRevision: revisionOf(await newest(key)) };
  }

  async function get(key: string): Promise<StoredRecord | null> {
    const found = await newest(key);
    if (found === null || isDeleted(found)) return null;
    return { key, value: JSON.parse(Buffer.from(found.data).toString('utf8')), revision: found.sequence };
  }

  return {
    get,
    put: (key, value, expectedRevision) => change(key, expectedRevision, JSON.stringify(value), {}),
    delete: (key, expectedRevision) => change(key, expectedRevision, '', { [OPERATION]: DELETED }),
    async list(namePrefix) {
      const subjects = await client.subjects(stream, toFilter(prefix, namePrefix));
      const keys = subjects.map((subject) => fromSubject(prefix, subject)).filter((key) => key.startsWith(namePrefix)).toSorted();
      const records: StoredRecord[] = [];
      for (let at = 0; at < keys.length; at += READS_AT_ONCE_MAX) {
        const found = await Promise.all(keys.slice(at, at + READS_AT_ONCE_MAX).map((key) => get(key)));
        records.push(...found.filter((record) => record !== null));
      }
      return records;
    },
  };
}

function revisionOf(message: NatsMessage | null): number {
  return message === null || isDeleted(message) ? 0 : message.sequence;
}

function isDeleted(message: NatsMessage): boolean {
  return message.header(OPERATION) === DELETED;
}
