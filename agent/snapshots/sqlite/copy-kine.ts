import { backup, DatabaseSync } from 'node:sqlite';

import { type Failure, failure } from '../../../shared/trust/failure.ts';
import type { Clock } from '../../../shared/ports/clock.ts';
import { checkKine, type KineFacts, kineFailure, type KineFailure, openReadOnly, revisionOf } from './kine-database.ts';

/** Between two steps the signal is looked at. */
const PAGES_PER_STEP = 1_000;

export type KineCopied = { readonly ok: true; readonly facts: KineFacts; readonly takenUnixMs: number } | KineFailure | Failure<'no-database'>;

/**
 * Copies K3s' database while K3s writes to it, as one state of it, and checks the copy. K3s is not kept from writing.
 * @param to overwritten. @throws what the disk says, or the signal's reason
 */
export async function copyKine(from: string, to: string, clock: Clock, signal: AbortSignal): Promise<KineCopied> {
  signal.throwIfAborted();
  let source: DatabaseSync | null = null;
  try {
    source = openReadOnly(from);
    // An open read transaction holds one state for the whole copy: else each write of K3s begins it anew.
    source.exec('BEGIN; SELECT 1 FROM sqlite_schema');
    const takenUnixMs = clock.wallUnixMs();
    const revision = revisionOf(source);
    await backup(source, to, { rate: PAGES_PER_STEP, progress: () => signal.throwIfAborted() });
    signal.throwIfAborted();
    makeOneFile(to);
    const copy = checkKine(to);
    if (!copy.ok) return copy;
    if (copy.facts.revision !== revision) throw new Error(`the copy is of revision ${copy.facts.revision}, and the transaction saw ${revision}`);
    return { ok: true, facts: copy.facts, takenUnixMs };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Error && /unable to open database file/.test(error.message)) return failure('no-database', `there is no database ${from}: K3s keeps its datastore elsewhere, or has never started here`);
    return kineFailure(error);
  } finally {
    source?.close();
  }
}

/** A copy of a database with a write-ahead log has one too; K3s turns it on again by itself. */
function makeOneFile(path: string): void {
  const copy = new DatabaseSync(path);
  copy.exec('PRAGMA journal_mode = DELETE');
  copy.close();
}
