import type { Recipient } from '../../shared/age/age-keys.ts';
import type { FleetName, NodeName } from '../../shared/domain/ids.ts';
import type { ProofPhase } from '../../shared/domain/proof-record.ts';
import type { SnapshotRecord } from '../../shared/domain/snapshot.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Random } from '../../shared/ports/random.ts';
import type { EtcdMember, EtcdPlace } from '../ports/etcd.ts';
import type { LocalDatastore } from './local-datastore.ts';
import type { ProofOrder } from './prove/proof-order.ts';
import type { SnapshotSink } from './snapshot-sink.ts';

export interface SnapshotOrder {
  readonly datastore: LocalDatastore;
  /** Null: the datastore's own id, or the node's name where it has none. */
  readonly cluster: string | null;
  readonly node: NodeName;
  /** Who can open it. None: it lies there as it is. */
  readonly recipients: readonly Recipient[];
  /** Of the catalogue: nothing else may write into it. */
  readonly folder: string;
  /** Null: as fast as it goes. */
  readonly maxBytesPerS: number | null;
  /** Whether it is proved at once; null where it is not. */
  readonly prove: ProveAtOnce | null;
  /** For what is restored, and for a plain copy of SQLite's database while that is read. */
  readonly scratch: Pick<ProofOrder, 'scratchFolder' | 'programs'>;
  readonly memberOf: (place: EtcdPlace) => EtcdMember;
  readonly onProgress: (progress: SnapshotProgress) => void;
  readonly clock: Clock;
  readonly random: Random;
}

export interface ProveAtOnce extends Pick<ProofOrder, 'toolsFolder' | 'memberAt' | 'maxMs'> {
  readonly fleet: FleetName;
}

export type SnapshotProgress =
  /** The member hashes all that it holds, to be compared with. */
  | { readonly doing: 'look' }
  | { readonly doing: 'take'; readonly takenBytes: number; readonly remainingBytes: number }
  | { readonly doing: 'prove'; readonly phase: ProofPhase };

/** What the record of a taking says that only the datastore knows. */
export type TakenFacts = Pick<SnapshotRecord, 'clusterId' | 'member' | 'revision' | 'liveKeys' | 'version' | 'takenUnixMs' | 'look' | 'plain' | 'sealed' | 'token'>;

/** Where a taking writes, and how it is read there. */
export interface TakePlace {
  readonly folder: string;
  readonly name: string;
  readonly openSink: (path: string, signal: AbortSignal) => Promise<SnapshotSink>;
}
