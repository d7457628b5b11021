import type { DatabaseSync } from 'node:sqlite';

/** The store's SQL, prepared once. Rows are trusted: the tables are STRICT and nobody else writes them. */
export interface Statements {
  stream(name: string): { readonly id: number; readonly lastSequence: number } | null;
  /** @returns the id of the new stream. */
  addStream(name: string): number;
  setLastSequence(streamId: number, sequence: number): void;
  addEvent(streamId: number, sequence: number, event: string): void;
  events(stream: string, after: number, limit: number): readonly { readonly sequence: number; readonly event: string }[];
  streams(from: string, before: string): readonly string[];
  record(key: string): RecordRow | null;
  records(from: string, before: string): readonly RecordRow[];
  nextRevision(): number;
  putRecord(key: string, value: string, revision: number): void;
  deleteRecord(key: string): void;
  lease(name: string): { readonly holder: string; readonly grantedMonotonicMs: number; readonly ttlMs: number } | null;
  putLease(name: string, holder: string, grantedMonotonicMs: number, ttlMs: number): void;
  deleteLease(name: string, holder: string): void;
}

export interface RecordRow {
  readonly key: string;
  readonly value: string;
  readonly revision: number;
}

export function prepareStatements(database: DatabaseSync): Statements {
  const sql = {
    stream: database.prepare('SELECT id, last_sequence AS lastSequence FROM streams WHERE name = ?'),
    addStream: database.prepare('INSERT INTO streams (name, last_sequence) VALUES (?, 0)'),
    setLastSequence: database.prepare('UPDATE streams SET last_sequence = ? WHERE id = ?'),
    addEvent: database.prepare('INSERT INTO events (stream_id, sequence, event) VALUES (?, ?, ?)'),
    events: database.prepare(
      'SELECT sequence, event FROM events WHERE stream_id = (SELECT id FROM streams WHERE name = ?) AND sequence > ? ORDER BY sequence LIMIT ?',
    ),
    streams: database.prepare('SELECT name FROM streams WHERE name >= ? AND name < ? ORDER BY name'),
    record: database.prepare('SELECT key, value, revision FROM records WHERE key = ?'),
    records: database.prepare('SELECT key, value, revision FROM records WHERE key >= ? AND key < ? ORDER BY key'),
    nextRevision: database.prepare('UPDATE revisions SET last_revision = last_revision + 1 RETURNING last_revision AS revision'),
    putRecord: database.prepare('INSERT OR REPLACE INTO records (key, value, revision) VALUES (?, ?, ?)'),
    deleteRecord: database.prepare('DELETE FROM records WHERE key = ?'),
    lease: database.prepare('SELECT holder, granted_monotonic_ms AS grantedMonotonicMs, ttl_ms AS ttlMs FROM leases WHERE name = ?'),
    putLease: database.prepare('INSERT OR REPLACE INTO leases (name, holder, granted_monotonic_ms, ttl_ms) VALUES (?, ?, ?, ?)'),
    deleteLease: database.prepare('DELETE FROM leases WHERE name = ? AND holder = ?'),
  };
  return {
    stream: (name) => row(sql.stream.get(name)),
    addStream: (name) => Number(sql.addStream.run(name).lastInsertRowid),
    setLastSequence: (streamId, sequence) => void sql.setLastSequence.run(sequence, streamId),
    addEvent: (streamId, sequence, event) => void sql.addEvent.run(streamId, sequence, event),
    events: (stream, after, limit) => sql.events.all(stream, after, limit) as never,
    streams: (from, before) => sql.streams.all(from, before).map((found) => String(found['name'])),
    record: (key) => row(sql.record.get(key)),
    records: (from, before) => sql.records.all(from, before) as never,
    nextRevision: () => Number(sql.nextRevision.get()?.['revision']),
    putRecord: (key, value, revision) => void sql.putRecord.run(key, value, revision),
    deleteRecord: (key) => void sql.deleteRecord.run(key),
    lease: (name) => row(sql.lease.get(name)),
    putLease: (name, holder, grantedMonotonicMs, ttlMs) => void sql.putLease.run(name, holder, grantedMonotonicMs, ttlMs),
    deleteLease: (name, holder) => void sql.deleteLease.run(name, holder),
  };
}

function row<T>(found: object | undefined): T | null {
  return found === undefined ? null : (found as T);
}
