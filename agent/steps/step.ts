import type { NodeName, RolloutId } from '../../shared/domain/ids.ts';
import type { Outcome } from '../../shared/domain/journal-record.ts';
import type { StepKind, StepSpec } from '../../shared/domain/step-spec.ts';

/** What a step gets to work with. */
export interface StepContext {
  /** Absolute; this step's own, on disk, root only. What lies in it survives until the assignment is forgotten. */
  readonly folder: string;
  /** For what programs print: stays on the host, bounded. */
  readonly output: (text: string) => void;
  /** Time is up. A step then ends what it started and rejects, or returns a failure. */
  readonly signal: AbortSignal;
  /**
   * The work unit is told to end. A step that itself brings that about, by having the host go down, waits for it and rejects
   * with its reason: that is no outcome, and it is called again after the boot. Any other finishes what it does.
   */
  readonly stop: AbortSignal;
  /** The host booted since this way, there or back, was begun. */
  readonly bootedSince: boolean;
  readonly node: NodeName;
  readonly rollout: RolloutId;
  /** Those before it in the sequence, in order. When it is staged they are staged too, and not one of them is applied. */
  readonly earlier: readonly EarlierStep[];
}

export interface EarlierStep {
  readonly spec: StepSpec;
  /** As in `StepContext`. */
  readonly folder: string;
}

export interface StepFailure {
  readonly ok: false;
  readonly outcome: Outcome;
}

export type StepResult =
  | {
      readonly ok: true;
      /** What an operator is to know of it, in a few words: of apply and verify it is reported. */
      readonly note?: string;
    }
  | StepFailure;

/** `satisfied`: apply has nothing to do. */
export type CheckResult = { readonly ok: true; readonly state: 'needed' | 'satisfied' } | StepFailure;

export type CaptureResult<Prior> = { readonly ok: true; readonly prior: Prior } | StepFailure;

/**
 * One reversible step. The runner owns order, journal, time-outs and log; a step only works. It may be killed at any
 * instant: whatever is called here may have run before, wholly or in part.
 */
export interface StepExecutor<Spec extends StepSpec, Prior = unknown> {
  readonly kind: Spec['kind'];
  /** Brings here, and proves, all that apply and revert will need: neither may need the network. Changes nothing else. Idempotent. */
  stage(spec: Spec, context: StepContext): Promise<StepResult>;
  /** Reads only. */
  check(spec: Spec, context: StepContext): Promise<CheckResult>;
  /** Reads the state that revert brings back; called once, before anything is changed. `Prior` is plain JSON. */
  capture(spec: Spec, context: StepContext): Promise<CaptureResult<Prior>>;
  /** Idempotent; also after a part of it was done before. */
  apply(spec: Spec, prior: Prior, context: StepContext): Promise<StepResult>;
  /** Observes; never trusts what apply returned. */
  verify(spec: Spec, prior: Prior, context: StepContext): Promise<StepResult>;
  /** Puts the prior state back from whatever there is now, and observes that it is back. Idempotent. */
  revert(spec: Spec, prior: Prior, context: StepContext): Promise<StepResult>;
  /**
   * What nothing goes back behind once this is applied, in a few words for a person; null: it can be put back.
   * Absent: it always can.
   */
  pointOfNoReturn?(spec: Spec): string | null;
  /** Reads only: has an apply that was cut off, or that failed, gone past that point? Asked before it is put back. Absent: never. */
  crossed?(spec: Spec, prior: Prior, context: StepContext): Promise<boolean>;
  /**
   * The host is held for a person, with this step begun and neither done nor put back: gives back what guards the host
   * meanwhile, as far as it can. Idempotent. Absent: the step takes away nothing of that kind.
   */
  whenHeld?(spec: Spec, prior: Prior, context: StepContext): Promise<StepResult>;
  /** Whether apply or revert reboot the host: to be begun in one boot and called again in the next is then no interruption. */
  readonly reboots?: boolean;
  /** Reads only: is everything there that revert will need? */
  canRevert(spec: Spec, prior: Prior, context: StepContext): Promise<StepResult>;
}

/** A kind without an executor does not compile. */
export type Executors = { readonly [Kind in StepKind]: StepExecutor<Extract<StepSpec, { readonly kind: Kind }>> };

export const STEP_OK = { ok: true } as const;

export function stepFailure(code: Outcome['code'], message: string, object = ''): StepFailure {
  return { ok: false, outcome: { code, message, object } };
}
