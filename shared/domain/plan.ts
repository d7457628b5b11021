import type { Digest, Generation, NodeName, RolloutId, WaveName } from './ids.ts';
import type { StepSpec } from './step-spec.ts';

/** A plan as it was parsed: what the operator wants, before the fleet is looked at. */
export interface Plan {
  readonly name: string;
  readonly select: Selector;
  readonly waves: readonly WaveSpec[];
  readonly maxUnavailable: Share;
  readonly maxFailures: number;
  readonly onFailure: 'pause' | 'rollback';
  readonly onSilence: 'keep' | 'revert';
  readonly silenceMs: number;
  readonly minDonePercent: number;
  /** A rollout reaches nodes only through these; guards for services are already in place. */
  readonly steps: readonly StepSpec[];
}

/** All labels must be equal; an empty selector takes every node. */
export interface Selector {
  readonly labels: Readonly<Record<string, string>>;
}

/** The nodes of a wave: those its own selector takes and no earlier wave took; `most` caps them. */
export interface WaveSpec {
  readonly name: WaveName;
  readonly select: Selector;
  readonly most: Share | null;
  readonly soakMs: number;
}

/** `percent` is of the nodes in the scope at the freeze, rounded down, at least 1. */
export type Share = { readonly unit: 'nodes'; readonly value: number } | { readonly unit: 'percent'; readonly value: number };

/** A plan frozen against the fleet: what a rollout executes, whatever the fleet's labels become later. */
export interface FrozenPlan {
  readonly plan: Plan;
  readonly waves: readonly FrozenWave[];
  /** Resolved from plan.maxUnavailable over all nodes of the rollout. */
  readonly maxUnavailable: number;
  /** The steps behind the digests of `targets`. */
  readonly sequences: Readonly<Record<Digest, readonly StepSpec[]>>;
  /** What each node of the waves is to do. */
  readonly targets: Readonly<Record<NodeName, Target>>;
  /** Set where this rollout brings nodes back to what they ran before that one. */
  readonly rollbackOf: RolloutId | null;
}

export interface FrozenWave {
  readonly name: WaveName;
  readonly nodes: readonly NodeName[];
  readonly soakMs: number;
}

/** `digest` is of the action's encoded bytes: the same target has the same digest on every coordinator of one minor. */
export type Target =
  | { readonly kind: 'sequence'; readonly digest: Digest }
  | {
      readonly kind: 'revert';
      readonly digest: Digest;
      readonly of: { readonly rollout: RolloutId; readonly generation: Generation; readonly digest: Digest };
    };
