import type { Digest, Epoch, Generation, NodeName, RolloutId, WaveName } from '../../shared/domain/ids.ts';
import type { Outcome } from '../../shared/domain/journal-record.ts';
import type { FrozenPlan } from '../../shared/domain/plan.ts';
import type { Reason } from '../../shared/domain/reason.ts';
import { applyRolloutEvent, startRollout } from './apply-rollout-event.ts';
import type { NodeEnd, RolloutEvent } from './rollout-event.ts';

/** One rollout's log folded. */
export interface RolloutState {
  readonly id: RolloutId;
  /** Last sequence of its stream. */
  readonly sequence: number;
  readonly frozen: FrozenPlan;
  readonly startedBy: string;
  readonly startedUnixMs: number;
  readonly status: RolloutStatus;
  readonly nodes: ReadonlyMap<NodeName, RolloutNode>;
  readonly waves: ReadonlyMap<WaveName, WaveState>;
  /** Nodes that reverted, refused or are stuck. */
  readonly failures: number;
  /** As many had failed when a person last resumed: those pause it no more. */
  readonly failuresSeen: number;
}

export type RolloutStatus =
  | { readonly state: 'running' }
  /** Shown as `pausing` while a permit is outstanding. */
  | { readonly state: 'paused'; readonly by: string; readonly reason: Reason; readonly detail: string; readonly sinceUnixMs: number }
  | { readonly state: 'aborting'; readonly by: string; readonly why: string }
  | { readonly state: 'rolling-back'; readonly by: string; readonly why: string; readonly rollback: RolloutId | null }
  | { readonly state: 'ended'; readonly status: 'completed' | 'failed' | 'aborted' | 'rolled-back'; readonly atUnixMs: number };

export type RolloutNode =
  | Waiting
  | Assigned
  | { readonly state: 'ended'; readonly generation: Generation; readonly end: NodeEnd; readonly atUnixMs: number }
  | { readonly state: 'deferred'; readonly generation: Generation; readonly returns: number; readonly sinceUnixMs: number }
  | { readonly state: 'gone'; readonly generation: Generation };

export interface Waiting {
  readonly state: 'waiting';
  /** The highest that this rollout gave it; 0 before the first. */
  readonly generation: Generation;
  /** How often it came back by itself; recalls do not count. */
  readonly returns: number;
  /** Why it came back last; null before the first assignment. */
  readonly returned: Reason | null;
  readonly sinceUnixMs: number;
}

export interface Assigned {
  readonly state: 'assigned';
  readonly generation: Generation;
  readonly epoch: Epoch;
  readonly digest: Digest;
  /** Base64; null where the assignment was adopted from a report. */
  readonly envelope: string | null;
  readonly permitIssued: boolean;
  /** The request that the last permit answered: each is answered once. */
  readonly permitRequestId: string | null;
  readonly recallAsked: boolean;
  /** Why it was recalled though its rollout goes on; its end, unless it began all the same. */
  readonly givenUp: Outcome | null;
  readonly stuck: boolean;
  readonly returns: number;
  readonly sinceUnixMs: number;
}

export type WaveState =
  | { readonly state: 'closed' }
  | { readonly state: 'open'; readonly sinceUnixMs: number }
  | { readonly state: 'complete'; readonly atUnixMs: number };

/** Applies one event of the rollout's stream. @throws where the event is illegal in that state: a bug, nothing may go on from it. */
export function evolveRollout(id: RolloutId, state: RolloutState | null, sequence: number, event: RolloutEvent): RolloutState {
  return foldRollout(id, state, sequence, [event]);
}

/** Applies consecutive events, the first of them `sequence`; copies the state's maps once for all of them. */
export function foldRollout(id: RolloutId, state: RolloutState | null, sequence: number, events: readonly RolloutEvent[]): RolloutState {
  const [first] = events;
  if (state === null) {
    if (first?.type !== 'started') throw new Error(`rollout ${id} begins with ${first?.type ?? 'nothing'}`);
    return foldRollout(id, startRollout(id, sequence, first), sequence + 1, events.slice(1));
  }
  if (first === undefined) return state;
  if (sequence !== state.sequence + 1) throw new Error(`event ${sequence} of rollout ${id} follows ${state.sequence}`);
  const draft = { ...state, nodes: new Map(state.nodes), waves: new Map(state.waves) };
  for (const event of events) applyRolloutEvent(draft, event);
  return { ...draft, sequence: state.sequence + events.length };
}

/** It grants, recalls or is being brought back: its limits bind. */
export function isLiving(rollout: RolloutState): boolean {
  return rollout.status.state !== 'ended';
}
