import type { NodeName } from '../../../shared/domain/ids.ts';
import { type KeepReason, snapshotsToDelete } from '../../../shared/domain/keep-snapshots.ts';
import { newestFirst, type SnapshotId, type SnapshotRecord } from '../../../shared/domain/snapshot.ts';
import type { SnapshotSettings } from '../../settings/snapshot-settings.ts';
import type { CatalogueProblem } from '../catalogue/catalogue-problem.ts';
import { existingFolder } from '../catalogue/open-folder.ts';
import { SnapshotCatalogue } from '../catalogue/snapshot-catalogue.ts';
import { knownOutcomes } from './known-outcomes.ts';
import { nextTakingUnixMs } from './next-taking.ts';
import type { SnapshotOutcome } from './outcomes.ts';
import { snapshotPlaces } from './snapshot-places.ts';

/** How it stands with the snapshots of this host. */
export interface SnapshotState {
  /** The newest first. */
  readonly records: readonly SnapshotRecord[];
  /** Why each stays; none of those that the next deletion takes. */
  readonly kept: ReadonlyMap<SnapshotId, readonly KeepReason[]>;
  readonly problems: readonly CatalogueProblem[];
  /** The last taking that this host or a person on it began; what a coordinator ordered is told there. */
  readonly lastTaking: SnapshotOutcome | null;
  /** Null where nothing is taken by itself; past where one is due. */
  readonly nextUnixMs: number | null;
}

/** Reads only. */
export async function snapshotState({ folder, keep, schedule }: SnapshotSettings, node: NodeName, liveFolder: string, nowUnixMs: number): Promise<SnapshotState> {
  const { records, problems } = await new SnapshotCatalogue(existingFolder(snapshotPlaces(folder).taken)).list();
  const outcomes = await knownOutcomes(folder, liveFolder);
  return {
    records: newestFirst(records), problems, kept: snapshotsToDelete(records, keep, nowUnixMs).kept,
    lastTaking: outcomes.find(({ kind }) => kind === 'take') ?? null,
    nextUnixMs: schedule === null ? null : nextTakingUnixMs(schedule, node, outcomes, nowUnixMs),
  };
}
