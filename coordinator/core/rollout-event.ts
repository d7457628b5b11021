import type { Digest, Epoch, Generation, NodeName, RolloutId, WaveName } from '../../shared/domain/ids.ts';
import type { Outcome } from '../../shared/domain/journal-record.ts';
import type { FrozenPlan } from '../../shared/domain/plan.ts';
import type { Reason } from '../../shared/domain/reason.ts';

/** What happened in one rollout; the log records, only the ledger grants. */
export type RolloutEvent = RolloutEventBody & { readonly wallUnixMs: number };

export type RolloutEventBody =
  | { readonly type: 'started'; readonly frozen: FrozenPlan; readonly by: string }
  | NodeEventBody
  | { readonly type: 'wave-opened'; readonly wave: WaveName }
  | { readonly type: 'wave-completed'; readonly wave: WaveName }
  | { readonly type: 'paused'; readonly by: string; readonly reason: Reason; readonly detail: string }
  /** A person has seen the failures so far: they pause the rollout no more, the next one does. */
  | { readonly type: 'resumed'; readonly by: string }
  | { readonly type: 'aborted'; readonly by: string; readonly why: string }
  /** No slot is granted any more; when nothing is outstanding, `rollback` is started. */
  | { readonly type: 'rollback-asked'; readonly by: string; readonly why: string }
  | { readonly type: 'rollback-started'; readonly rollback: RolloutId }
  | { readonly type: 'ended'; readonly status: 'completed' | 'failed' | 'aborted' | 'rolled-back' };

/** What happened to one node of the rollout. */
export type NodeEventBody =
  /** `envelope` is the signed assignment in base64: what is sent again is the same bytes. */
  | {
      readonly type: 'assigned';
      readonly node: NodeName;
      readonly generation: Generation;
      readonly epoch: Epoch;
      readonly digest: Digest;
      readonly envelope: string;
    }
  /** A report showed an assignment of this rollout that the log does not know: the store lost its tail. */
  | { readonly type: 'adopted'; readonly node: NodeName; readonly generation: Generation; readonly digest: Digest }
  | { readonly type: 'permit-issued'; readonly node: NodeName; readonly generation: Generation; readonly requestId: string }
  | { readonly type: 'recall-asked'; readonly node: NodeName; readonly generation: Generation }
  /** Its pods did not leave in time: it is recalled, and has failed with this outcome. */
  | { readonly type: 'drain-given-up'; readonly node: NodeName; readonly generation: Generation; readonly outcome: Outcome }
  /** The host can neither finish nor revert by itself: a failure, though not an end; the slot stays taken. */
  | { readonly type: 'node-stuck'; readonly node: NodeName; readonly generation: Generation }
  | { readonly type: 'node-ended'; readonly node: NodeName; readonly generation: Generation; readonly end: NodeEnd }
  /** Back to waiting: the agent refused for a reason that a new generation mends, or its permit was recalled. */
  | { readonly type: 'node-returned'; readonly node: NodeName; readonly generation: Generation; readonly reason: Reason }
  | { readonly type: 'node-deferred'; readonly node: NodeName }
  | { readonly type: 'node-gone'; readonly node: NodeName };

export type NodeEnd =
  | { readonly state: 'done' }
  | { readonly state: 'reverted'; readonly outcome: Outcome }
  | { readonly state: 'refused'; readonly outcome: Outcome };

/** Who paused or rolled back where no person did: such a pause is a hold. */
export const FARRIER = 'farrier';
