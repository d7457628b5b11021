import type { Digest, Epoch, FleetName, Generation, NodeName, RolloutId } from '../../shared/domain/ids.ts';
import type { HostFacts } from '../../shared/domain/host-facts.ts';
import type { FleetPolicy } from '../../shared/domain/policy.ts';
import type { Cordon } from '../ports/drain.ts';
import type { DrainView } from './draining.ts';
import type { LedgerState } from './ledger.ts';
import type { NodeJournal } from './node-journal.ts';
import type { ClusterRecovery } from './recovery.ts';
import type { RolloutState } from './rollout.ts';

/** Everything a decision may look at, gathered before it. Never cloned in a tick. */
export interface World {
  readonly fleet: FleetName;
  /** Of this leader. */
  readonly epoch: Epoch;
  readonly policy: FleetPolicy;
  readonly ledger: LedgerState;
  readonly nodes: ReadonlyMap<NodeName, NodeView>;
  readonly rollouts: ReadonlyMap<RolloutId, RolloutState>;
  /** By cluster: what its newest proved snapshot goes back to; absent where nothing is proved. */
  readonly proofs?: ReadonlyMap<string, ProvedMoment>;
  /** By cluster: what is being done about its datastore's snapshots, and what went wrong last. */
  readonly datastoreWork?: ReadonlyMap<string, DatastoreWorkView>;
  /** By cluster: where it stands against the policy's targets for snapshots; absent until somebody looked. */
  readonly recovery?: ReadonlyMap<string, ClusterRecovery>;
  /** Every node that bears a cordon of this fleet, of the fleet or not any more, as its cluster last said; absent until somebody looked. */
  readonly cordons?: ReadonlyMap<NodeName, Cordon>;
}

export interface NodeView {
  readonly record: NodeRecord;
  readonly session: Session;
  /** Folded from the node's log. */
  readonly journal: NodeJournal;
  /** The agent's open request for a permit, of its present session. */
  readonly permitRequest: PermitRequestView | null;
  /** What the agent last refused to take in its present session, before it reported anything since. */
  readonly refusal?: RefusalView | null;
  /** What this leader did about the node's cordon, for the last slot that it did it for. */
  readonly drain?: DrainView | null;
  /** What the node's cluster says; null where no cluster is watched. */
  readonly cluster: ClusterView | null;
  /** What its agent last told of the host; null where it told nothing. Never its identity, labels or place. */
  readonly facts: ToldFacts | null;
}

export interface ProvedMoment {
  /** Of which datastore, as `datastoreIdOf` has it; '' where that is not known. */
  readonly of: string;
  readonly takenUnixMs: number;
}

export interface DatastoreWorkView {
  /** `takes a snapshot on cp-1`; null while nothing is done. */
  readonly doing: string | null;
  readonly sinceUnixMs: number;
  /** Why it did not go well the last time; null after one that did. */
  readonly lastFailure: { readonly message: string; readonly atUnixMs: number } | null;
}

export interface ToldFacts {
  readonly facts: HostFacts;
  /** When they last were others than before. */
  readonly sinceUnixMs: number;
}

/** Not journaled on the host: what came could not be verified, or could not be written down. */
export interface RefusalView {
  readonly code: string;
  readonly detail: string;
  readonly sinceUnixMs: number;
}

/** Written at enrollment and by operators, never by the agent. */
export interface NodeRecord {
  readonly name: NodeName;
  readonly labels: Readonly<Record<string, string>>;
  readonly cluster: string;
  readonly zone: string;
  readonly site: string;
  readonly approved: boolean;
  readonly enrolledUnixMs: number;
  /** Another host that enrolled under this name and waits for an operator. It counts for nothing. */
  readonly pending?: WaitingHost | null;
}

export interface WaitingHost {
  readonly enrolledUnixMs: number;
  readonly identity: { readonly machineId: string };
}

export type Session =
  /** No session since this coordinator started. */
  | { readonly state: 'silent'; readonly sinceMonotonicMs: number }
  /** `reported`: the coordinator holds the node's whole journal up to its hello. */
  | { readonly state: 'connected'; readonly sinceMonotonicMs: number; readonly reported: boolean; readonly hello: HelloFacts }
  | { readonly state: 'lost'; readonly sinceMonotonicMs: number; readonly hello: HelloFacts };

export interface HelloFacts {
  readonly agentVersion: string;
  readonly bootId: string;
  readonly machineId: string;
  readonly journalId: string;
  readonly journalSequence: number;
  readonly highestGeneration: Generation;
  readonly highestEpoch: Epoch;
  readonly osRelease: string;
  readonly architecture: string;
  readonly stepKinds: readonly string[];
  /** Host's wall clock minus the coordinator's when the hello arrived. */
  readonly clockOffsetMs: number;
}

export interface PermitRequestView {
  readonly requestId: string;
  readonly rollout: RolloutId;
  readonly generation: Generation;
  readonly digest: Digest;
  readonly bootId: string;
}

export interface ClusterView {
  readonly ready: boolean;
  readonly unschedulable: boolean;
  /** The cluster answers no more: this is what it said last. */
  readonly silent?: boolean;
}

/** The instant a decision is made for. */
export interface Now {
  readonly monotonicMs: number;
  readonly wallUnixMs: number;
}
