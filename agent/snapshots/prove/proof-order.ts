import type { Identity } from '../../../shared/age/age-keys.ts';
import type { FleetName, NodeName } from '../../../shared/domain/ids.ts';
import type { ProofComparison, ProofPhase, ProofRecord } from '../../../shared/domain/proof-record.ts';
import type { SnapshotRecord } from '../../../shared/domain/snapshot.ts';
import type { Clock } from '../../../shared/ports/clock.ts';
import type { EtcdReads } from '../../ports/etcd.ts';
import type { ScratchPrograms } from '../../ports/scratch-programs.ts';

export interface ProofOrder {
  readonly record: SnapshotRecord;
  /** The file: sealed where the record says so, and then never written but to the scratch folder in plain. */
  readonly path: string;
  /** Keys that may open it. */
  readonly identities: readonly Identity[];
  /** With `etcd` and `etcdutl`, or `etcdctl` for 3.4, of the snapshot's minor, or with a folder of it named after that: `3.5`. */
  readonly toolsFolder: string;
  /** Made and removed; nothing else lives in it. Not below /tmp where systemd runs. */
  readonly scratchFolder: string;
  readonly programs: ScratchPrograms;
  /** Asks the member behind a Unix socket. */
  readonly memberAt: (socket: string) => EtcdReads;
  readonly prover: { readonly fleet: FleetName; readonly node: NodeName };
  /** For all of it. */
  readonly maxMs: number;
  readonly clock: Clock;
  readonly onPhase?: (phase: ProofPhase) => void;
}

/** What was found in what was restored. */
export interface Restored {
  /** The newest that the snapshot holds. */
  readonly revision: number;
  readonly comparisons: readonly ProofComparison[];
  readonly tools: ProofRecord['tools'];
}
