import type { FleetName, NodeName } from '../../../shared/domain/ids.ts';
import type { Clock } from '../../../shared/ports/clock.ts';
import type { Random } from '../../../shared/ports/random.ts';
import type { EtcdMember, EtcdPlace } from '../../ports/etcd.ts';
import type { SnapshotSettings } from '../../settings/snapshot-settings.ts';
import type { SnapshotCatalogue } from '../catalogue/snapshot-catalogue.ts';
import type { CommandHost } from '../commands/command-host.ts';
import type { FoundDatastore } from '../local-datastore.ts';
import type { ProofOrder } from '../prove/proof-order.ts';

/** What this host is, and what work on its snapshots needs of it. */
export interface WorkHost extends Pick<ProofOrder, 'programs' | 'memberAt'> {
  readonly settings: SnapshotSettings;
  readonly node: NodeName;
  readonly fleet: FleetName;
  /** Of the node's certificate, to sign proofs with; null on a host that is not enrolled. */
  readonly keyPem: string | null;
  readonly findDatastore: (signal: AbortSignal) => Promise<FoundDatastore>;
  /** Whether proofs that nobody on this host asks for may run on it. */
  readonly mayProve: (signal: AbortSignal) => Promise<{ readonly may: boolean; readonly reason: string }>;
  readonly memberOf: (place: EtcdPlace) => EtcdMember;
  readonly liveFolder: string;
  /** What orders of a coordinator need; null on a host that is not enrolled. */
  readonly orders: CommandHost | null;
  readonly clock: Clock;
  readonly random: Random;
}

export interface WorkContext extends WorkHost {
  readonly catalogue: SnapshotCatalogue;
  readonly takenFolder: string;
  /** Shown to whoever looks. */
  readonly say: (doing: string) => void;
}
