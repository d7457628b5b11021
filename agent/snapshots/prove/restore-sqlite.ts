import { createReadStream } from 'node:fs';

import type { ProofComparison } from '../../../shared/domain/proof-record.ts';
import type { SnapshotRecord } from '../../../shared/domain/snapshot.ts';
import { failure, type Failure } from '../../../shared/trust/failure.ts';
import type { ScratchPlace } from '../../ports/scratch-programs.ts';
import { megabytes } from '../megabytes.ts';
import { missingRoom } from '../snapshot-folder.ts';
import { checkSqliteSnapshot, type SqliteCheck } from '../sqlite/check-sqlite-snapshot.ts';
import type { PhaseTimes } from './phase-times.ts';
import type { ProofCode } from './proof-failure.ts';
import type { ProofOrder, Restored } from './proof-order.ts';

/** The archive is unpacked as K3s would find it, and SQLite, which is all that reads it then, finds in it what was recorded. */
export async function restoreSqlite({ folder }: ScratchPlace, { record, path, identities }: ProofOrder, times: PhaseTimes, signal: AbortSignal): Promise<Restored | Failure<ProofCode>> {
  const missing = await missingRoom(folder, record.plain.sizeBytes);
  if (missing > 0) return failure('no-room', `a proof needs the ${megabytes(record.plain.sizeBytes)} of the snapshot in ${folder}, which lacks ${megabytes(missing)}; free them, or set a scratch folder on another disk`);
  times.enter('check');
  const checked = await checkSqliteSnapshot(createReadStream(path) as AsyncIterable<Buffer>, record, identities, folder, signal);
  if (!checked.ok) return failure(codeOf(checked), `what was taken cannot be restored: ${checked.message}; take another copy of it, or another snapshot`);
  times.enter('compare');
  const library = `SQLite ${process.versions['sqlite']}`;
  return { revision: record.revision, comparisons: comparisonsOf(record), tools: { restore: library, server: library } };
}

function codeOf({ code }: Exclude<SqliteCheck, { readonly ok: true }>): ProofCode {
  if (code === 'no-key-fits') return 'not-opened';
  return code === 'other-revision' || code === 'other-keys' ? 'mismatch' : 'damaged';
}

/** What was not the same has failed before. */
function comparisonsOf({ plain, revision, liveKeys }: SnapshotRecord): readonly ProofComparison[] {
  const same = (fact: ProofComparison['fact'], against: ProofComparison['against'], value: string): ProofComparison => ({ fact, against, expected: value, found: value, outcome: 'same', because: '' });
  return [
    same('digest', 'record', plain.digest), same('structure', 'snapshot', 'whole'), same('revision', 'record', String(revision)),
    same('live-keys', 'record', String(liveKeys)), same('token', 'snapshot', 'there'),
  ];
}
