import type { Epoch, FleetName, NodeName, RolloutId } from '../../shared/domain/ids.ts';

/**
 * Takes a node out of its cluster's scheduling, empties it, and gives it back. What was done stands on the node itself: one
 * patch puts the taint and an annotation there, before the first eviction, so that nothing is lost with a coordinator.
 * Everything may be called again after anything. Operating errors are results; rejects when the signal fires. A complete
 * in-memory one passes the cases that a real one has to (test/support/drain-cases.ts).
 */
export interface Drain {
  /** Of a newer epoch it takes the cordon of its own rollout over. A person's own cordon is neither needed nor touched. */
  cordon(node: NodeName, by: Cordon, signal: AbortSignal): Promise<{ readonly ok: true } | DrainTrouble>;

  /**
   * One pass over the node's pods: evicts what may go, says what is left. To be called again until `drained`; blocks pass
   * by themselves while other pods come up. Pods of a DaemonSet, static pods and finished ones stay.
   */
  drain(node: NodeName, by: Cordon, signal: AbortSignal): Promise<DrainResult>;

  /** Removes what `cordon` put there and nothing else; ok where it is not there, or the node is not. */
  restore(node: NodeName, by: Cordon, signal: AbortSignal): Promise<{ readonly ok: true } | DrainTrouble>;

  /** Every node that bears a cordon of a fleet, also one whose rollout is long over (I9). */
  cordoned(fleet: FleetName, signal: AbortSignal): Promise<CordonedNodes | DrainTrouble>;
}

/** Whose it is: what is older than what stands on the node changes nothing any more. */
export interface Cordon {
  readonly fleet: FleetName;
  readonly rollout: RolloutId;
  readonly epoch: Epoch;
}

export interface CordonedNodes {
  readonly ok: true;
  readonly nodes: ReadonlyMap<NodeName, Cordon>;
}

export type DrainResult =
  | { readonly ok: true; readonly state: 'drained' }
  /** Evicted and not gone yet, by namespace/name. */
  | { readonly ok: true; readonly state: 'leaving'; readonly pods: readonly string[] }
  /** At least one pod may not go now; `pods` are those that are on their way. */
  | { readonly ok: true; readonly state: 'blocked'; readonly blocks: readonly DrainBlock[]; readonly pods: readonly string[] }
  | DrainTrouble;

/**
 * budget            a PodDisruptionBudget has none left: `budget` names it. Normal progress for a minute or more
 * budgets-conflict  more than one PodDisruptionBudget takes the pod, so none lets it go: a person has to mend that
 * unmanaged         no controller would make the pod again: a person has to delete it
 * refused           the API server said no for another reason
 */
export interface DrainBlock {
  readonly pod: string;
  readonly code: 'budget' | 'budgets-conflict' | 'unmanaged' | 'refused';
  /** '' where none is named. */
  readonly budget: string;
  /** What the API server said, or a person has to know. */
  readonly message: string;
}

/**
 * api-unreachable  it did not answer: nothing is known of what it did
 * node-gone        the cluster has no such node
 * not-cordoned     nothing is evicted from a node that bears no cordon of this rollout
 * fenced           the node bears a cordon of a newer epoch: whoever asks leads no more
 * owned-elsewhere  the node bears a cordon of another rollout or fleet: `object` names it
 * no-drain         nothing here can empty a node
 */
export interface DrainTrouble {
  readonly ok: false;
  readonly code: 'api-unreachable' | 'node-gone' | 'not-cordoned' | 'fenced' | 'owned-elsewhere' | 'no-drain';
  readonly message: string;
  readonly object: string;
}
