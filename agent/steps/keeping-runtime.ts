import type { StepSpec } from '../../shared/domain/step-spec.ts';
import { takenAway, takenRuntime } from '../../shared/domain/taken-runtime.ts';
import { KUBELET_UNIT } from './kubelet/prove-kubelet.ts';
import { type StepContext, type StepExecutor, type StepFailure, stepFailure } from './step.ts';

/**
 * The same step, which leaves a kubelet the runtime that it runs on: what the coordinator knew of it may be old.
 *
 * @param criSocket of the kubelet that kubeadm set up here, now: '' where it is told nothing, null where there is none.
 */
export function keepingRuntime<Spec extends StepSpec, Prior>(executor: StepExecutor<Spec, Prior>, criSocket: () => string | null): StepExecutor<Spec, Prior> {
  return {
    ...executor,
    stage: async (spec, context) => refuse(spec, context.earlier, criSocket) ?? (await executor.stage(spec, context)),
    // By its turn the steps before it were applied: where they left the kubelet is what counts.
    check: async (spec, context) => refuse(spec, [], criSocket) ?? (await executor.check(spec, context)),
  };
}

function refuse(spec: StepSpec, earlier: StepContext['earlier'], criSocket: () => string | null): StepFailure | null {
  const socket = takenAway(spec).length === 0 ? null : criSocket();
  const taken = socket === null ? null : takenRuntime(spec, earlier.map((each) => each.spec), socket);
  return taken === null ? null : stepFailure('not-allowed', `runtime-in-use: ${taken}`, KUBELET_UNIT);
}
