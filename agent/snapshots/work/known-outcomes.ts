import { seeWork } from './live-work.ts';
import { readOutcomes, type SnapshotOutcome } from './outcomes.ts';
import { snapshotPlaces } from './snapshot-places.ts';

/** What was kept, and the last one also where the disk took no word of it. The newest first. */
export async function knownOutcomes(folder: string, liveFolder: string): Promise<readonly SnapshotOutcome[]> {
  const kept = await readOutcomes(snapshotPlaces(folder).outcomes);
  const last = seeWork(liveFolder)?.outcome ?? null;
  if (last === null) return kept;
  return [last, ...kept.filter(({ work }) => work !== last.work)].toSorted((a, b) => b.startedUnixMs - a.startedUnixMs);
}
