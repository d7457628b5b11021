import type { Executors, StepExecutor } from '../../agent/steps/step.ts';
import type { StepSpec } from '../../shared/domain/step-spec.ts';

/** The same executor whatever the kind but for those that a test brings, for tests of what runs steps. */
export function sameForEveryKind<Spec extends StepSpec, Prior>(executor: StepExecutor<Spec, Prior>, own: Partial<Executors> = {}): Executors {
  return new Proxy(own, { get: (kinds, kind) => kinds[kind as keyof Executors] ?? executor }) as Executors;
}
