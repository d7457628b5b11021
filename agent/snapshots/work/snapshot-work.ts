import type { SnapshotId } from '../../../shared/domain/snapshot.ts';

interface Asked {
  /** Of the command, or made for this one: how it ended is found by it, and asking again under it does nothing again. */
  readonly id: string;
  readonly by: 'person' | 'schedule' | 'command';
}

export interface TakeWork extends Asked {
  readonly kind: 'take';
  /** At once, on this host. */
  readonly prove: boolean;
  /** `age1...` of who shall open it besides those of the settings: the prover that was chosen. */
  readonly recipients: readonly string[];
  /** As whoever asks calls the cluster; null: as the settings do. */
  readonly cluster: string | null;
}

/** Reads all bytes anew. */
export interface CheckWork extends Asked {
  readonly kind: 'check';
  /** Null: every one. */
  readonly snapshot: SnapshotId | null;
}

export interface ProveWork extends Asked {
  readonly kind: 'prove';
  /** Null: the newest. */
  readonly snapshot: SnapshotId | null;
  /** With keys that may open it; null where none is needed. */
  readonly identityFile: string | null;
}

/** Deletes what the settings do not keep. */
export interface PruneWork extends Asked {
  readonly kind: 'prune';
}

/** What the coordinator ordered under this id; what that is, its own signed words say (../commands). */
export interface CommandWork extends Asked {
  readonly kind: 'command';
}

/** What one transient unit does about this host's snapshots. */
export type SnapshotWork = TakeWork | CheckWork | ProveWork | PruneWork | CommandWork;
