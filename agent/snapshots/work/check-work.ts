import { newestFirst, type SnapshotRecord } from '../../../shared/domain/snapshot.ts';
import { failure } from '../../../shared/trust/failure.ts';
import type { SnapshotCatalogue } from '../catalogue/snapshot-catalogue.ts';
import { hasRecordedBytes } from '../catalogue/verify-bytes.ts';
import { checkSnapshot } from '../check-snapshot.ts';
import type { EachOutcome } from './outcomes.ts';
import type { WorkContext } from './work-context.ts';
import type { WorkEnd } from './work-end.ts';
import type { CheckWork } from './snapshot-work.ts';

/**
 * Reads snapshots from the disk again and holds them against their records. What is found damaged counts as proved no longer:
 * the one that was proved before it is kept then.
 */
export async function checkWork({ snapshot }: CheckWork, { catalogue, say }: WorkContext, signal: AbortSignal): Promise<WorkEnd> {
  const { records, problems } = await catalogue.list();
  const wanted = newestFirst(records).filter(({ id }) => snapshot === null || id === snapshot);
  const broken = problems.filter(({ file }) => snapshot === null || file.startsWith(`${snapshot}.`));
  if (wanted.length + broken.length === 0) return failure('not-found', `there is no ${snapshot === null ? 'snapshot' : `snapshot ${snapshot}`} on this host; \`farrier-agent snapshot ls\` shows what there is`);
  const each: EachOutcome[] = broken.map(({ file, code, message }) => ({ id: file, code, message }));
  for (const record of wanted) {
    say(`reads ${record.id}`);
    const outcome = await checkOne(record, catalogue, signal);
    each.push(outcome);
    if (outcome.code === 'damaged' && record.proof !== null) await catalogue.put({ ...record, proof: null });
  }
  const bad = each.filter(({ code }) => code !== 'ok');
  if (bad.length === 0) return { code: 'ok', message: `${each.length} of ${each.length} are as they were written`, each };
  return { ...failure('damaged', `${bad.length} of ${each.length} cannot be relied on: ${bad[0]?.message ?? ''}; take another snapshot`), each };
}

async function checkOne(record: SnapshotRecord, catalogue: SnapshotCatalogue, signal: AbortSignal): Promise<EachOutcome> {
  const { id, datastore, sealed } = record;
  const path = catalogue.pathOf(id);
  const damaged = (why: string): EachOutcome => ({ id, code: 'damaged', message: `${id}: ${why}` });
  try {
    if (!(await hasRecordedBytes(path, record, signal))) return damaged('its bytes are not those that were written');
  } catch (error) {
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    return damaged(`it cannot be read: ${error.message}`);
  }
  if (sealed !== null) return { id, code: 'ok', message: `${id}: the bytes that were sealed; what is in them, a proof tells` };
  if (datastore === 'sqlite') return { id, code: 'ok', message: `${id}: the bytes that were written; what is in them, a proof tells` };
  const checked = await checkSnapshot(path, {}, signal);
  return checked.ok ? { id, code: 'ok', message: `${id}: the bytes that were written, whole, revision ${checked.revision}, ${checked.totalKey} keys` } : damaged(checked.message);
}
