import type { NodeName } from '../../shared/domain/ids.ts';
import type { SnapshotAction, SnapshotCommandId, SnapshotOutcome, SnapshotProgress } from '../../shared/domain/snapshot-command.ts';
import type { Failure } from '../../shared/trust/failure.ts';

/** Hosts that do what they are ordered to do with snapshots. */
export interface SnapshotAgents {
  newId(): SnapshotCommandId;

  /** Resolves with what the host answers, whatever that says; what it proved is in the log by then. Rejects when the signal fires. */
  order(
    node: NodeName,
    command: { readonly id: SnapshotCommandId; readonly action: SnapshotAction },
    onProgress: (progress: SnapshotProgress) => void,
    signal: AbortSignal,
  ): Promise<SnapshotOutcome | Failure<'away'>>;
}
