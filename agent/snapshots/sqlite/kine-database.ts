import { DatabaseSync } from 'node:sqlite';

import { type Failure, failure } from '../../../shared/trust/failure.ts';

/** What is the same in a good copy of K3s' datastore. */
export interface KineFacts {
  readonly revision: number;
  readonly liveKeys: number;
}

/** busy: somebody holds it alone, as K3s does while it starts: try again later. */
export type KineFailure = Failure<'damaged-database' | 'not-kine' | 'busy'>;

/** As long as this a database that is locked is waited for, and nothing else runs meanwhile. */
const LOCKED_MAX_MS = 2_000;
/** A damaged database has more to say than anybody reads. */
const COMPLAINTS_MAX = 3;

const REVISION = 'SELECT max(id) AS value FROM kine';
/** As kine counts what it lists: of each key the last row, where that is no deletion. Kine's own rows have names without a slash. */
const LIVE_KEYS = `SELECT count(*) AS value FROM kine AS kv
  JOIN (SELECT max(id) AS id FROM kine WHERE name LIKE '/%' GROUP BY name) AS newest ON newest.id = kv.id
  WHERE kv.deleted = 0`;

/** K3s goes on writing beside it. @throws what `kineFailure` reads. */
export function openReadOnly(path: string): DatabaseSync {
  return new DatabaseSync(path, { readOnly: true, timeout: LOCKED_MAX_MS });
}

export function revisionOf(database: DatabaseSync): number {
  return numberOf(database, REVISION);
}

/** Reads every page of a database that nobody else uses. Minutes for a large one, in which this thread does nothing else. */
export function checkKine(path: string): { readonly ok: true; readonly facts: KineFacts } | KineFailure {
  let database: DatabaseSync | null = null;
  try {
    database = openReadOnly(path);
    const complaints = database.prepare(`PRAGMA integrity_check(${COMPLAINTS_MAX})`).all().map((row) => String(row['integrity_check']));
    if (complaints.length !== 1 || complaints[0] !== 'ok') return damaged(complaints.join('; '));
    return { ok: true, facts: { revision: revisionOf(database), liveKeys: numberOf(database, LIVE_KEYS) } };
  } catch (error) {
    return kineFailure(error);
  } finally {
    database?.close();
  }
}

const CORRUPT = [11, 26];
const LOCKED = [5, 6];

/** What an error of SQLite says of the database. @throws the error where it says nothing of that. */
export function kineFailure(error: unknown): KineFailure {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') throw error;
  // The extended codes say in their upper bits where it was found.
  const code = error.errcode & 0xff;
  if (CORRUPT.includes(code)) return damaged(error.message);
  if (LOCKED.includes(code)) return failure('busy', 'K3s holds its database alone, as it does while it starts: try again');
  if (/no such (table|column)/.test(error.message)) return failure('not-kine', `it is not the datastore of K3s: ${error.message}`);
  throw error;
}

function numberOf(database: DatabaseSync, query: string): number {
  return Number(database.prepare(query).get()?.['value'] ?? 0);
}

function damaged(why: string): KineFailure {
  return failure('damaged-database', `SQLite finds it damaged: ${why}`);
}
