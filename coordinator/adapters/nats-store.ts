import type { Clock } from '../../shared/ports/clock.ts';
import { type EventStore, READ_MAX } from '../ports/event-store.ts';
import { StoreError } from '../ports/store-error.ts';
import { connectNats } from './nats-client.ts';
import type { NatsClient, NatsConnectOptions, StreamFacts } from './nats-client.ts';
import { describeDurability, readSync } from './nats-store-durability.ts';
import { natsEvents } from './nats-store-events.ts';
import { natsLeases } from './nats-store-leases.ts';
import { bucketNames, natsRecords } from './nats-store-records.ts';
import { assertStoreName, assertStorePrefix } from './store-name.ts';

export interface NatsStoreOptions extends NatsConnectOptions {
  readonly clock: Clock;
  /** Streams, buckets and subjects are named after it, so that fleets can share an account. */
  readonly fleet: string;
  /** Copies of each stream when it is made here: 1, or 3 or 5 in a cluster. What is there keeps its number. */
  readonly replicas?: number;
  /** Monitoring address of a server, `http://host:8222`; only describeDurability asks it. */
  readonly monitorUrl?: string | null;
}

export interface NatsStore extends EventStore {
  /** One sentence: what a power cut could lose. */
  describeDurability(): Promise<string>;
}

const STORE_FORMAT = 1;
/** Stream metadata, filters over several subjects and sync_interval: always came with it. */
const OLDEST_SERVER = '2.10.0';

/** Several coordinators over one JetStream. @throws StoreError when no server answers, or it cannot hold a store. */
export async function openNatsStore(options: NatsStoreOptions): Promise<NatsStore> {
  const client = await connectNats(options);
  try {
    assertVersion(client);
    const eventStream = options.fleet.toUpperCase();
    const eventPrefix = `${options.fleet}.events`;
    const replicas = options.replicas ?? 1;
    const facts = await ensureStream(client, eventStream, eventPrefix, replicas, -1);
    for (const bucket of [`${options.fleet}-records`, `${options.fleet}-leases`]) {
      const { stream, prefix } = bucketNames(bucket);
      await ensureStream(client, stream, prefix, replicas, 1);
    }
    return createStore(client, options, eventStream, eventPrefix, facts);
  } catch (error) {
    await client.close();
    throw error;
  }
}

function createStore(client: NatsClient, options: NatsStoreOptions, eventStream: string, eventPrefix: string, facts: StreamFacts): NatsStore {
  const events = natsEvents(client, eventStream, eventPrefix);
  const records = natsRecords(client, `${options.fleet}-records`);
  const leases = natsLeases(natsRecords(client, `${options.fleet}-leases`), options.clock);
  let closed = false;
  const begun = new Set<Promise<unknown>>();

  /** Runs an operation that close() waits for. */
  function during<T>(operation: () => Promise<T>): Promise<T> {
    if (closed) throw new StoreError('store-closed', `the store in NATS at ${client.address} is closed`, 'nothing: the coordinator is stopping');
    const running = operation();
    begun.add(running);
    const forget = (): void => void begun.delete(running);
    running.then(forget, forget);
    return running;
  }

  return {
    async append(stream, expectedSequence, added) {
      assertStoreName(stream);
      return await during(() => events.append(stream, expectedSequence, added));
    },
    async read(stream, after, limit = READ_MAX) {
      assertStoreName(stream);
      return await during(() => events.read(stream, after, limit));
    },
    async streams(prefix) {
      assertStorePrefix(prefix);
      return await during(() => events.streams(prefix));
    },
    async getRecord(key) {
      assertStoreName(key);
      return await during(() => records.get(key));
    },
    async putRecord(key, value, expectedRevision) {
      assertStoreName(key);
      return await during(() => records.put(key, value, expectedRevision));
    },
    async deleteRecord(key, expectedRevision) {
      assertStoreName(key);
      return await during(() => records.delete(key, expectedRevision));
    },
    async listRecords(prefix) {
      assertStorePrefix(prefix);
      return await during(() => records.list(prefix));
    },
    async acquireLease(name, holder, ttlMs) {
      assertStoreName(name);
      return await during(() => leases.acquire(name, holder, ttlMs));
    },
    async releaseLease(name, holder) {
      assertStoreName(name);
      await during(() => leases.release(name, holder));
    },
    describeDurability: () => during(async () => {
      const { replicas } = facts;
      return describeDurability({ serverVersion: client.serverVersion(), replicas, sync: await readSync(options.monitorUrl ?? null) });
    }),
    async close() {
      if (closed) return;
      closed = true;
      await Promise.allSettled(begun);
      await client.close();
    },
  };
}

async function ensureStream(client: NatsClient, name: string, prefix: string, replicas: number, messagesPerSubjectMax: 1 | -1): Promise<StreamFacts> {
  const facts = await client.ensureStream({ name, subjects: [`${prefix}.>`], replicas, messagesPerSubjectMax, format: STORE_FORMAT });
  if (facts.format > STORE_FORMAT) {
    const remedy = 'start that newer version again, or give this one another fleet name';
    throw new StoreError('store-newer-format', `the JetStream stream ${name} has format ${facts.format}, this version reads up to ${STORE_FORMAT}: a newer Farrier has written it`, remedy);
  }
  if (facts.unfit !== null) {
    throw new StoreError('store-unfit', `the JetStream stream ${name} would lose or misplace events: ${facts.unfit}`, `correct it (nats stream edit ${name}) or choose another fleet name`);
  }
  return facts;
}

function assertVersion(client: NatsClient): void {
  const version = client.serverVersion();
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = OLDEST_SERVER.split('.').map(Number);
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new StoreError('store-unfit', `NATS at ${client.address} is version ${version}; ${OLDEST_SERVER} is the oldest that can hold the store`, 'upgrade nats-server');
}
