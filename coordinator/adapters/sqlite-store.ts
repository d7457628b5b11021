import { mkdirSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';

import type { Clock } from '../../shared/ports/clock.ts';
import { type AppendResult, type EventStore, type Lease, type PutResult, READ_MAX, type StoredEvent, type StoredRecord } from '../ports/event-store.ts';
import { StoreError } from '../ports/store-error.ts';
import { groupCommit } from './group-commit.ts';
import type { GroupCommit } from './group-commit.ts';
import { copySqliteStore } from './sqlite-store-copy.ts';
import { corruptStore, sqliteStoreError } from './sqlite-store-error.ts';
import { openStoreFile, storePath } from './sqlite-store-file.ts';
import { lockDataFolder } from './sqlite-store-lock.ts';
import type { FolderLock } from './sqlite-store-lock.ts';
import { prepareStatements } from './sqlite-store-statements.ts';
import type { Statements } from './sqlite-store-statements.ts';
import { assertStoreName, assertStorePrefix } from './store-name.ts';

export interface SqliteStoreOptions {
  /** Made when it is not there. Held by this process until close(): a second one gets `store-locked`. */
  readonly dataFolder: string;
  readonly clock: Clock;
}

export interface SqliteStore extends EventStore {
  /** Writes a consistent copy as one file; appends go on meanwhile. */
  copyTo(path: string): Promise<void>;
}

/** Greater than every character of a name, so `prefix` to `prefix~` are the names that begin with it. */
const AFTER_NAMES = '~';

/** The embedded default: one coordinator, one file, every commit on disk before its promise resolves. @throws StoreError */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  mkdirSync(options.dataFolder, { recursive: true, mode: 0o700 });
  const lock = lockDataFolder(options.dataFolder);
  try {
    return new OpenSqliteStore(openStoreFile(storePath(options.dataFolder)), storePath(options.dataFolder), options.clock, lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

class OpenSqliteStore implements SqliteStore {
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #lock: FolderLock;
  readonly #sql: Statements;
  readonly #commits: GroupCommit;
  #closed = false;

  constructor(database: DatabaseSync, path: string, clock: Clock, lock: FolderLock) {
    this.#database = database;
    this.#path = path;
    this.#clock = clock;
    this.#lock = lock;
    this.#sql = prepareStatements(database);
    this.#commits = groupCommit(database, (error) => sqliteStoreError(error, path));
  }

  async append(stream: string, expectedSequence: number, events: readonly object[]): Promise<AppendResult> {
    assertStoreName(stream);
    const texts = events.map((event) => JSON.stringify(event));
    return await this.#write((): AppendResult => {
      const known = this.#sql.stream(stream);
      const actualSequence = known?.lastSequence ?? 0;
      if (actualSequence !== expectedSequence) return { ok: false, actualSequence };
      if (texts.length === 0) return { ok: true, sequence: actualSequence };
      const streamId = known?.id ?? this.#sql.addStream(stream);
      for (const [index, text] of texts.entries()) this.#sql.addEvent(streamId, actualSequence + index + 1, text);
      this.#sql.setLastSequence(streamId, actualSequence + texts.length);
      return { ok: true, sequence: actualSequence + texts.length };
    });
  }

  async read(stream: string, after: number, limit = READ_MAX): Promise<readonly StoredEvent[]> {
    assertStoreName(stream);
    const rows = this.#look(() => this.#sql.events(stream, after, limit));
    return rows.map(({ sequence, event }) => ({ sequence, event: this.#parse(event, `event ${sequence} of ${stream}`) }));
  }

  async streams(prefix: string): Promise<readonly string[]> {
    assertStorePrefix(prefix);
    return this.#look(() => this.#sql.streams(prefix, prefix + AFTER_NAMES));
  }

  async getRecord(key: string): Promise<StoredRecord | null> {
    assertStoreName(key);
    const row = this.#look(() => this.#sql.record(key));
    return row === null ? null : this.#toRecord(row);
  }

  async putRecord(key: string, value: object, expectedRevision: number): Promise<PutResult> {
    assertStoreName(key);
    const text = JSON.stringify(value);
    return await this.#write(() => this.#changeRecord(key, expectedRevision, (revision) => this.#sql.putRecord(key, text, revision)));
  }

  async deleteRecord(key: string, expectedRevision: number): Promise<PutResult> {
    assertStoreName(key);
    return await this.#write(() => this.#changeRecord(key, expectedRevision, () => this.#sql.deleteRecord(key)));
  }

  async listRecords(prefix: string): Promise<readonly StoredRecord[]> {
    assertStorePrefix(prefix);
    return this.#look(() => this.#sql.records(prefix, prefix + AFTER_NAMES)).map((row) => this.#toRecord(row));
  }

  async acquireLease(name: string, holder: string, ttlMs: number): Promise<Lease | null> {
    assertStoreName(name);
    return await this.#write(() => {
      const now = this.#clock.monotonicMs();
      const held = this.#sql.lease(name);
      const lives = held !== null && held.grantedMonotonicMs <= now && now < held.grantedMonotonicMs + held.ttlMs;
      if (lives && held.holder !== holder) return null;
      this.#sql.putLease(name, holder, now, ttlMs);
      return { holder, expiresInMs: ttlMs };
    });
  }

  async releaseLease(name: string, holder: string): Promise<void> {
    assertStoreName(name);
    await this.#write(() => this.#sql.deleteLease(name, holder));
  }

  async copyTo(path: string): Promise<void> {
    await copySqliteStore(this.#path, path);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#commits.flush();
    this.#database.close();
    this.#lock.release();
  }

  #changeRecord(key: string, expectedRevision: number, change: (revision: number) => void): PutResult {
    const actualRevision = this.#sql.record(key)?.revision ?? 0;
    if (actualRevision !== expectedRevision) return { ok: false, actualRevision };
    const revision = this.#sql.nextRevision();
    change(revision);
    return { ok: true, revision };
  }

  #write<T>(write: () => T): Promise<T> {
    this.#assertOpen();
    return this.#commits.run(write);
  }

  #look<T>(read: () => T): T {
    this.#assertOpen();
    try {
      return read();
    } catch (error) {
      throw sqliteStoreError(error, this.#path);
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new StoreError('store-closed', `the store ${this.#path} is closed`, 'nothing: the coordinator is stopping');
  }

  #toRecord(row: { readonly key: string; readonly value: string; readonly revision: number }): StoredRecord {
    return { key: row.key, value: this.#parse(row.value, `record ${row.key}`), revision: row.revision };
  }

  #parse(text: string, what: string): unknown {
    try {
      return JSON.parse(text);
    } catch (error) {
      throw corruptStore(this.#path, `${what} is not JSON`, error);
    }
  }
}
