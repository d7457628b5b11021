import type { Retention } from '../../shared/domain/keep-snapshots.ts';
import type { SnapshotSchedule } from '../../shared/schedule/next-snapshot.ts';

/** How this host takes snapshots of the datastore that lies on it. */
export interface SnapshotSettings {
  /** Under which name they are catalogued; null: the datastore's own id, or the node's name where it has none. */
  readonly cluster: string | null;
  /** `age1...`, each of them checked. None: what is taken lies there as it is. */
  readonly recipients: readonly string[];
  /** Null: only when somebody asks for one. */
  readonly schedule: SnapshotSchedule | null;
  readonly keep: Retention;
  /** Null: as fast as it goes. */
  readonly maxBytesPerS: number | null;
  /** Holds the catalogue and what became of each taking, for root alone; it outlives the package. */
  readonly folder: string;
  /** Where snapshots are restored to be proved. */
  readonly scratchFolder: string;
  /** With `etcd` and `etcdutl`: `toolsFolder/3.5`, else the folder itself. */
  readonly toolsFolder: string;
  /** Also what this host takes by itself is proved on it at once, though it is one of a control plane, or has a member of etcd. */
  readonly proveOnControlPlane: boolean;
}

export const SNAPSHOT_FOLDER = '/var/lib/farrier-snapshots';

/** What holds where agent.yaml has no word of snapshots. */
export const DEFAULT_SNAPSHOTS: SnapshotSettings = {
  cluster: null,
  recipients: [],
  schedule: null,
  keep: { newest: 3, withinMs: 0, hourly: 0, daily: 7, weekly: 4 },
  maxBytesPerS: 64 * 1024 * 1024,
  folder: SNAPSHOT_FOLDER,
  scratchFolder: `${SNAPSHOT_FOLDER}/scratch`,
  toolsFolder: '/usr/bin',
  proveOnControlPlane: false,
};
