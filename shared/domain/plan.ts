import type { Digest, Generation, NodeName, RolloutId, WaveName } from './ids.ts';
import type { Procedure } from './procedure.ts';
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
  /** The last control-plane nodes that a cluster has may be taken down: one or two of them cannot lose a member. */
  readonly allowControlPlaneOutage: boolean;
  /** auto: nodes whose steps take pods down. */
  readonly drain: 'auto' | 'always' | 'never';
  /** A node whose pods have not left by then is given up. */
  readonly drainTimeoutMs: number;
  /** The same on every node; guards for services are already in place. Empty where a procedure composes them. */
  readonly steps: readonly StepSpec[];
  /** Composes the steps of each node by its facts. */
  readonly procedure: Procedure | null;
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
  /** By cluster: all control-plane nodes that were known at the freeze, whether or not the rollout takes them (I2). */
  readonly controlPlanes: Readonly<Record<string, readonly NodeName[]>>;
  /** Selected nodes that were at the target already: they count as done and take neither assignment nor slot. */
  readonly satisfied: readonly NodeName[];
  /** Nodes that nothing brings back once they are done: past a named point of no return. A rollback leaves them out. */
  readonly noReturn: readonly NodeName[];
  /** Nodes of the waves that are cordoned and drained before their permit. */
  readonly drained: readonly NodeName[];
  /** Set where this rollout brings nodes back to what they ran before that one. */
  readonly rollbackOf: RolloutId | null;
  /** Set where the target is reached by rollouts that follow one another. */
  readonly chain: Chain | null;
  /** Set where this rollout restores a datastore; no plan leads to one. */
  readonly restore?: RestoreMark;
}

/** Which datastore goes back to which snapshot, as an admin ordered it who typed back what that loses. */
export interface RestoreMark {
  readonly cluster: string;
  /** Of the snapshot's plain bytes. */
  readonly snapshot: Digest;
  readonly takenUnixMs: number;
  /** `2h 13m`, as it was typed. */
  readonly lost: string;
}

/** This rollout is one hop of several. */
export interface Chain {
  /** From 1. */
  readonly hop: number;
  readonly hops: number;
  /** What its nodes run afterwards, as people say it: `v1.34.9`. */
  readonly target: string;
  /** Started when this one is completed; null in the last. Frozen with the first: what it does was shown before anything began. */
  readonly next: FrozenPlan | null;
}

export interface FrozenWave {
  readonly name: WaveName;
  readonly nodes: readonly NodeName[];
  readonly soakMs: number;
  /** What comes after would break without any one of these: nobody is deferred and every one has to be done (I4). */
  readonly needsAll: boolean;
}

/** `digest` is of the action's encoded bytes: the same target has the same digest on every coordinator of one minor. */
export type Target =
  | { readonly kind: 'sequence'; readonly digest: Digest }
  | {
      readonly kind: 'revert';
      readonly digest: Digest;
      readonly of: { readonly rollout: RolloutId; readonly generation: Generation; readonly digest: Digest };
    };
