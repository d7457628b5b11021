import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** As kine makes it (pkg/drivers/sqlite), in the mode in which K3s opens it. */
const SCHEMA = `PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS kine (id INTEGER PRIMARY KEY AUTOINCREMENT, name INTEGER, created INTEGER, deleted INTEGER, create_revision INTEGER, prev_revision INTEGER, lease INTEGER, value BLOB, old_value BLOB);
  CREATE INDEX IF NOT EXISTS kine_name_index ON kine (name);
  CREATE INDEX IF NOT EXISTS kine_name_id_index ON kine (name,id);
  CREATE INDEX IF NOT EXISTS kine_id_deleted_index ON kine (id,deleted);
  CREATE INDEX IF NOT EXISTS kine_prev_revision_index ON kine (prev_revision);
  CREATE UNIQUE INDEX IF NOT EXISTS kine_name_prev_revision_uindex ON kine (name, prev_revision);`;

export class KineDatabase {
  readonly database: DatabaseSync;
  readonly #newest = new Map<string, number>();

  constructor(path: string) {
    this.database = new DatabaseSync(path, { timeout: 30_000 });
    this.database.exec(SCHEMA);
  }

  /** A value of null deletes. @returns the revision */
  write(key: string, value: Uint8Array | null): number {
    const previous = this.#newest.get(key) ?? 0;
    const insert = this.database.prepare('INSERT INTO kine(name, created, deleted, create_revision, prev_revision, lease, value, old_value) VALUES (?, ?, ?, ?, ?, 0, ?, NULL)');
    const revision = Number(insert.run(key, previous === 0 ? 1 : 0, value === null ? 1 : 0, 0, previous, value).lastInsertRowid);
    this.#newest.set(key, revision);
    return revision;
  }

  /** What kine writes for itself: neither is a key of anybody. */
  writeOwnRows(): void {
    this.database.exec("INSERT INTO kine(name, created, deleted, create_revision, prev_revision, lease) VALUES ('compact_rev_key', 1, 0, 0, 0, 0), ('gap-7', 0, 1, 0, 0, 0)");
  }
}

/** The folder `server` of a K3s server with 50 keys of which 10 are deleted; the last row is of revision 72. */
export function kineServer(folder: string): { readonly server: string; readonly kine: KineDatabase } {
  const server = join(folder, 'server');
  for (const name of ['db', 'tls/etcd', 'cred']) mkdirSync(join(server, name), { recursive: true, mode: 0o700 });
  writeFileSync(join(server, 'token'), 'K10' + '0'.repeat(64) + '::server:secret\n', { mode: 0o600 });
  symlinkSync(join(server, 'token'), join(server, 'node-token'));
  writeFileSync(join(server, 'tls/server-ca.key'), 'the key of the authority', { mode: 0o600 });
  writeFileSync(join(server, 'tls/server-ca.crt'), 'its certificate', { mode: 0o644 });
  writeFileSync(join(server, 'tls/etcd/a-name-that-is-longer-than-the-hundred-bytes-that-a-header-of-tar-has-room-for-so-that-it-needs-one-of-its-own.crt'), '', { mode: 0o644 });
  writeFileSync(join(server, 'cred/passwd'), 'secret,node:edge-1', { mode: 0o600 });
  chownSync(join(server, 'cred/passwd'), 1_234, 2_345);
  chmodSync(join(server, 'tls/etcd'), 0o750);
  const kine = new KineDatabase(join(server, 'db', 'state.db'));
  for (let at = 0; at < 50; at += 1) kine.write(`/registry/pods/default/pod-${at}`, Buffer.alloc(2_000, at));
  for (let at = 0; at < 10; at += 1) kine.write(`/registry/pods/default/pod-${at}`, null);
  kine.writeOwnRows();
  for (let at = 10; at < 20; at += 1) kine.write(`/registry/pods/default/pod-${at}`, Buffer.alloc(2_000, 255 - at));
  return { server, kine };
}
