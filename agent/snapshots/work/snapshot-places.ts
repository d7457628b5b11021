/** Where this host keeps its snapshots and what became of each taking. */
export interface SnapshotPlaces {
  /** Of the catalogue. */
  readonly taken: string;
  readonly outcomes: string;
  /** Held by whoever writes there. */
  readonly lock: string;
}

export function snapshotPlaces(folder: string): SnapshotPlaces {
  return { taken: `${folder}/taken`, outcomes: `${folder}/outcomes.json`, lock: `${folder}/work.lock` };
}

/** Of the unit: how far it is, and how the last one ended also where the disk took no word of it. Gone with a reboot. */
export const LIVE_FOLDER = '/run/farrier-snapshots';
