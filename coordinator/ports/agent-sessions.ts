import type { NodeName } from '../../shared/domain/ids.ts';

/** How the controller speaks to agents. Sending is best effort: the controller repeats what was not acknowledged. */
export interface AgentSessions {
  /** @returns whether the node has a session here; the message may be lost all the same. */
  send(node: NodeName, message: ToAgent): boolean;
}

export type ToAgent =
  /** A signed assignment, as stored. */
  | { readonly kind: 'assignment'; readonly envelope: Uint8Array }
  | { readonly kind: 'permit-offer'; readonly rollout: string; readonly generation: number }
  | { readonly kind: 'permit'; readonly envelope: Uint8Array }
  | { readonly kind: 'recall'; readonly rollout: string; readonly generation: number; readonly reason: string }
  /** A signed command of snapshots. */
  | { readonly kind: 'snapshot'; readonly envelope: Uint8Array };
