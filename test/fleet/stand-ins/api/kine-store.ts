import { DatabaseSync } from 'node:sqlite';

import type { ClusterStore, Stored } from './cluster-store.ts';

/** The table that kine, K3s's layer over SQL, keeps in state.db; only what get, list, put and remove need is filled in. */
const SCHEMA = `
CREATE TABLE IF NOT EXISTS kine (
  id INTEGER PRIMARY KEY AUTOINCREMENT, name INTEGER, created INTEGER, deleted INTEGER,
  create_revision INTEGER, prev_revision INTEGER, lease INTEGER, value BLOB, old_value BLOB);
CREATE INDEX IF NOT EXISTS kine_name_index ON kine (name);
CREATE INDEX IF NOT EXISTS kine_name_id_index ON kine (name, id);
CREATE UNIQUE INDEX IF NOT EXISTS kine_name_prev_revision_uindex ON kine (name, prev_revision);`;

interface Row {
  readonly id: number;
  readonly name: string;
  readonly value: Uint8Array | string;
  readonly deleted: number;
  readonly create_revision: number;
}

const NEWEST = 'SELECT id, name, value, deleted, create_revision FROM kine WHERE id IN (SELECT MAX(id) FROM kine WHERE';

/** K3s's datastore on one server: SQLite in its own file, one row a revision. */
export class KineStore implements ClusterStore {
  readonly #db: DatabaseSync;

  constructor(path: string) {
    this.#db = new DatabaseSync(path);
    this.#db.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA busy_timeout=30000;');
    this.#db.exec(SCHEMA);
  }

  get(key: string): Promise<Stored | null> {
    const row = this.#newest(key);
    return Promise.resolve(row === undefined || row.deleted === 1 ? null : storedOf(row));
  }

  list(prefix: string): Promise<readonly Stored[]> {
    const rows = this.#db.prepare(`${NEWEST} name >= ? AND name < ? GROUP BY name) AND deleted = 0 ORDER BY name`).all(prefix, `${prefix}\u{10ffff}`) as unknown as readonly Row[];
    return Promise.resolve(rows.map(storedOf));
  }

  put(key: string, value: string, expected: number): Promise<number | null> {
    const row = this.#newest(key);
    const isThere = row !== undefined && row.deleted === 0;
    if ((isThere ? row.id : 0) !== expected) return Promise.resolve(null);
    return Promise.resolve(this.#insert(key, value, row, isThere ? 0 : 1, 0));
  }

  remove(key: string): Promise<boolean> {
    const row = this.#newest(key);
    if (row === undefined || row.deleted === 1) return Promise.resolve(false);
    this.#insert(key, String(row.value), row, 0, 1);
    return Promise.resolve(true);
  }

  #insert(key: string, value: string, before: Row | undefined, created: 0 | 1, deleted: 0 | 1): number {
    const result = this.#db
      .prepare('INSERT INTO kine (name, created, deleted, create_revision, prev_revision, lease, value, old_value) VALUES (?, ?, ?, ?, ?, 0, ?, ?)')
      .run(key, created, deleted, created === 1 ? 0 : (before?.create_revision ?? 0), before?.id ?? 0, Buffer.from(value), before === undefined ? null : before.value);
    return Number(result.lastInsertRowid);
  }

  #newest(key: string): Row | undefined {
    return this.#db.prepare(`${NEWEST} name = ?)`).get(key) as unknown as Row | undefined;
  }
}

function storedOf({ id, name, value }: Row): Stored {
  return { key: name, value: Buffer.from(value as Uint8Array).toString('utf8'), revision: id };
}
