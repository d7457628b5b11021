import { assertStoreName, assertStorePrefix } from '../../coordinator/adapters/store-name.ts';
import { type EventStore, type PutResult, READ_MAX, type StoredRecord } from '../../coordinator/ports/event-store.ts';
import { StoreError } from '../../coordinator/ports/store-error.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { manualClock } from './manual-clock.ts';

/** What outlives a store: open a second one on it, at once (another coordinator) or after close (a restart). */
export interface MemoryDisk {
  readonly streams: Map<string, string[]>;
  readonly records: Map<string, { readonly json: string; readonly revision: number }>;
  readonly leases: Map<string, { readonly holder: string; readonly grantedMonotonicMs: number; readonly ttlMs: number }>;
  lastRevision: number;
}

export interface MemoryStoreOptions {
  readonly clock?: Clock;
  readonly disk?: MemoryDisk;
}

export function memoryDisk(): MemoryDisk {
  return { streams: new Map(), records: new Map(), leases: new Map(), lastRevision: 0 };
}

/** The whole port in memory. It keeps JSON, as the real ones do, so that nobody shares an object with the store. Uses no timer. */
export function memoryStore(options: MemoryStoreOptions = {}): EventStore {
  const disk = options.disk ?? memoryDisk();
  const clock = options.clock ?? manualClock();
  let closed = false;

  function assertOpen(): void {
    if (closed) throw new StoreError('store-closed', 'the store in memory is closed', 'open another one on the same disk');
  }

  function changeRecord(key: string, expectedRevision: number, change: (revision: number) => void): PutResult {
    const actualRevision = disk.records.get(key)?.revision ?? 0;
    if (actualRevision !== expectedRevision) return { ok: false, actualRevision };
    disk.lastRevision += 1;
    change(disk.lastRevision);
    return { ok: true, revision: disk.lastRevision };
  }

  function record(key: string): StoredRecord | null {
    const found = disk.records.get(key);
    return found === undefined ? null : { key, value: JSON.parse(found.json), revision: found.revision };
  }

  return {
    async append(stream, expectedSequence, events) {
      assertStoreName(stream);
      assertOpen();
      const texts = events.map((event) => JSON.stringify(event));
      const kept = disk.streams.get(stream) ?? [];
      if (kept.length !== expectedSequence) return { ok: false, actualSequence: kept.length };
      for (const text of texts) kept.push(text);
      if (texts.length > 0) disk.streams.set(stream, kept);
      return { ok: true, sequence: kept.length };
    },
    async read(stream, after, limit = READ_MAX) {
      assertStoreName(stream);
      assertOpen();
      const found = (disk.streams.get(stream) ?? []).slice(after, after + limit);
      return found.map((json, index) => ({ sequence: after + index + 1, event: JSON.parse(json) as unknown }));
    },
    async streams(prefix) {
      assertStorePrefix(prefix);
      assertOpen();
      return [...disk.streams.keys()].filter((name) => name.startsWith(prefix)).toSorted();
    },
    async getRecord(key) {
      assertStoreName(key);
      assertOpen();
      return record(key);
    },
    async putRecord(key, value, expectedRevision) {
      assertStoreName(key);
      assertOpen();
      const json = JSON.stringify(value);
      return changeRecord(key, expectedRevision, (revision) => disk.records.set(key, { json, revision }));
    },
    async deleteRecord(key, expectedRevision) {
      assertStoreName(key);
      assertOpen();
      return changeRecord(key, expectedRevision, () => disk.records.delete(key));
    },
    async listRecords(prefix) {
      assertStorePrefix(prefix);
      assertOpen();
      const keys = [...disk.records.keys()].filter((key) => key.startsWith(prefix)).toSorted();
      return keys.flatMap((key) => record(key) ?? []);
    },
    async acquireLease(name, holder, ttlMs) {
      assertStoreName(name);
      assertOpen();
      const now = clock.monotonicMs();
      const held = disk.leases.get(name);
      const lives = held !== undefined && held.grantedMonotonicMs <= now && now < held.grantedMonotonicMs + held.ttlMs;
      if (lives && held.holder !== holder) return null;
      disk.leases.set(name, { holder, grantedMonotonicMs: now, ttlMs });
      return { holder, expiresInMs: ttlMs };
    },
    async releaseLease(name, holder) {
      assertStoreName(name);
      assertOpen();
      if (disk.leases.get(name)?.holder === holder) disk.leases.delete(name);
    },
    async close() {
      closed = true;
    },
  };
}
