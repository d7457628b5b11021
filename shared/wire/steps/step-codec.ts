import type { StepKind, StepSpec } from '../../domain/step-spec.ts';
import type { FieldCheck } from '../field-check.ts';
import type { Step, Step__Output } from '../generated/farrier/v1/Step.d.ts';

/** What every step carries, whatever its kind. */
export type StepBase = Pick<StepSpec, 'name' | 'timeoutMs'>;

export type SpecOf<Kind extends StepKind> = Extract<StepSpec, { readonly kind: Kind }>;

/** One kind of step as its own field of the `oneof`. */
export interface StepCodec<Spec extends StepSpec> {
  /** The part of the message that is this kind's own. */
  toWire(spec: Spec): Step;
  /** @returns null where the step is of another kind. Wrong fields are noted in `check`, under `at`. */
  fromWire(base: StepBase, step: Step__Output, at: string, check: FieldCheck): Spec | null;
}
