/**
 * All durable state: append-only streams and a few records. SQLite and NATS JetStream stand behind it and pass one
 * contract test (test/integration/event-store-contract.ts).
 *
 * Stream and record names: segments of [a-z0-9._-]+ joined by `/` (ledger, audit, rollout/<id>, node/<name>).
 * Everything stored is a JSON object; the reader parses what it gets back. Whatever a promise of append, putRecord or a lease resolved to is durable.
 */
export interface EventStore {
  /**
   * Appends all events or none.
   * @param expectedSequence the stream's last sequence as the caller knows it; 0 for an empty stream.
   */
  append(stream: string, expectedSequence: number, events: readonly object[]): Promise<AppendResult>;

  /** Events with a sequence above `after`, in order, at most `limit` (default READ_MAX). */
  read(stream: string, after: number, limit?: number): Promise<readonly StoredEvent[]>;

  /** Names of the streams that begin with `prefix` and hold an event, sorted. */
  streams(prefix: string): Promise<readonly string[]>;

  getRecord(key: string): Promise<StoredRecord | null>;

  /** Compare-and-swap: `expectedRevision` 0 demands that the record does not exist. */
  putRecord(key: string, value: object, expectedRevision: number): Promise<PutResult>;

  deleteRecord(key: string, expectedRevision: number): Promise<PutResult>;

  /** Records whose key begins with `prefix`, sorted by key. */
  listRecords(prefix: string): Promise<readonly StoredRecord[]>;

  /**
   * Takes or extends a lease for `holder`. Time decides only who may *try* to lead; the ledger's epoch decides who can write.
   * @returns null while somebody else holds it.
   */
  acquireLease(name: string, holder: string, ttlMs: number): Promise<Lease | null>;

  releaseLease(name: string, holder: string): Promise<void>;

  close(): Promise<void>;
}

/** What one read gives at most unless it is told otherwise. */
export const READ_MAX = 10_000;

export type AppendResult =
  | { readonly ok: true; readonly sequence: number }
  | { readonly ok: false; readonly actualSequence: number };

export type PutResult =
  | { readonly ok: true; readonly revision: number }
  | { readonly ok: false; readonly actualRevision: number };

export interface StoredEvent {
  /** 1, 2, 3 ... within the stream, without holes. */
  readonly sequence: number;
  readonly event: unknown;
}

export interface StoredRecord {
  readonly key: string;
  readonly value: unknown;
  readonly revision: number;
}

export interface Lease {
  readonly holder: string;
  readonly expiresInMs: number;
}
