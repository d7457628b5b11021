import type { Epoch, FleetName, NodeName, RolloutId } from '../../shared/domain/ids.ts';
import type { FleetPolicy } from '../../shared/domain/policy.ts';
import type { LedgerState } from '../core/ledger.ts';
import type { RolloutState } from '../core/rollout.ts';
import type { ClusterRecovery } from '../core/recovery.ts';
import type { DatastoreWorkView, NodeView, Now, ProvedMoment } from '../core/world.ts';
import type { Cordon } from '../ports/drain.ts';
import type { Clock } from '../../shared/ports/clock.ts';

/**
 * All that the leader knows, in memory: the logs folded, and what the sessions observe. Rebuilt from the store at each
 * start, so nothing lives only here but sessions. Values are replaced, never changed in place: it is handed to decide()
 * as the World, which is consistent because decide() does not await.
 */
export interface FleetState {
  readonly fleet: FleetName;
  epoch: Epoch;
  policy: FleetPolicy;
  ledger: LedgerState;
  readonly nodes: Map<NodeName, NodeView>;
  /** Last sequence of each node's log. */
  readonly nodeLogs: Map<NodeName, number>;
  readonly rollouts: Map<RolloutId, RolloutState>;
  proofs?: ReadonlyMap<string, ProvedMoment>;
  datastoreWork?: ReadonlyMap<string, DatastoreWorkView>;
  recovery?: ReadonlyMap<string, ClusterRecovery>;
  cordons?: ReadonlyMap<NodeName, Cordon>;
}

export function nowOf(clock: Clock): Now {
  return { monotonicMs: clock.monotonicMs(), wallUnixMs: clock.wallUnixMs() };
}

/** Replaces what is known of a node. @throws where the node is not in the fleet: the caller checks first. */
export function updateNode(state: FleetState, name: NodeName, change: (view: NodeView) => NodeView): void {
  const view = state.nodes.get(name);
  if (view === undefined) throw new Error(`node ${name} is not in the fleet`);
  state.nodes.set(name, change(view));
}
