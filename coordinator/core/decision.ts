import type { Generation, NodeName, RolloutId } from '../../shared/domain/ids.ts';
import type { LedgerEvent } from './ledger-event.ts';
import type { RolloutEvent } from './rollout-event.ts';

/**
 * What decide() wants done, in order. The first three change state and are appended before anything is sent;
 * the others follow from durable state and are repeated each tick until the agent's report makes them pointless.
 */
export type Decision =
  /** At most one a tick, with all grants of all rollouts. */
  | { readonly kind: 'ledger'; readonly events: readonly LedgerEvent[] }
  | { readonly kind: 'rollout'; readonly rollout: RolloutId; readonly events: readonly RolloutEvent[] }
  /** Sign an assignment for the node's target and append `assigned`; it is sent by a later send-assignment. */
  | { readonly kind: 'assign'; readonly rollout: RolloutId; readonly node: NodeName; readonly generation: Generation }
  /** Append a rollback rollout of this one (waves reversed, only nodes that are done), then `rollback-started`. */
  | { readonly kind: 'start-rollback'; readonly rollout: RolloutId }
  /** Append the next hop of this one's chain, as it was frozen with the first. */
  | { readonly kind: 'start-hop'; readonly rollout: RolloutId; readonly hop: RolloutId }
  | { readonly kind: 'send-assignment'; readonly rollout: RolloutId; readonly node: NodeName; readonly generation: Generation }
  | { readonly kind: 'offer-permit'; readonly rollout: RolloutId; readonly node: NodeName; readonly generation: Generation }
  /** Append `permit-issued`, then sign and send. Decided once for each request; a lost answer is asked for again. */
  | {
      readonly kind: 'permit';
      readonly rollout: RolloutId;
      readonly node: NodeName;
      readonly generation: Generation;
      readonly requestId: string;
    }
  | { readonly kind: 'recall'; readonly rollout: RolloutId; readonly node: NodeName; readonly generation: Generation }
  /** Ask the node's cluster, outside the tick. Of a cordon that no slot owns the generation is NOBODYS. */
  | { readonly kind: 'cordon' | 'drain' | 'restore'; readonly rollout: RolloutId; readonly node: NodeName; readonly generation: Generation };
