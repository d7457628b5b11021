import { snapshotsToDelete } from '../../../shared/domain/keep-snapshots.ts';
import { failure } from '../../../shared/trust/failure.ts';
import type { EachOutcome } from './outcomes.ts';
import type { WorkContext } from './work-context.ts';
import type { WorkEnd } from './work-end.ts';

/** Deletes what the settings do not keep, and ends deletions that a crash left half done. Never the newest proved one of a cluster. */
export async function pruneWork({ catalogue, settings, clock }: Pick<WorkContext, 'catalogue' | 'settings' | 'clock'>): Promise<WorkEnd> {
  const { records, problems } = await catalogue.list();
  const { toDelete, clockWentBack } = snapshotsToDelete(records, settings.keep, clock.wallUnixMs());
  if (clockWentBack) return failure('clock-went-back', 'nothing was deleted, for snapshots lie here that were taken later than it is by this host\'s clock; set the clock right');
  const each: EachOutcome[] = [];
  for (const { file } of problems.filter(({ code }) => code === 'half-deleted')) {
    const id = file.replace(/\.deleting$/, '');
    await catalogue.remove(id);
    each.push({ id, code: 'deleted', message: `${id}: its deletion was begun before` });
  }
  for (const { id } of toDelete) {
    await catalogue.remove(id);
    each.push({ id, code: 'deleted', message: `${id}: no line of the settings keeps it` });
  }
  return { code: 'ok', message: each.length === 0 ? 'nothing to delete' : `${each.length} deleted, ${records.length - toDelete.length} kept`, each };
}
