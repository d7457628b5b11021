import { RUNTIME_ENDPOINT_PATTERN, RUNTIME_NAME_PATTERN } from '../../domain/step-limits.ts';
import type { KubeletRuntimeSpec } from '../../domain/steps/kubelet-runtime-spec.ts';
import type { StepCodec } from './step-codec.ts';

const ACTIONS: Readonly<Record<string, KubeletRuntimeSpec['action']>> = { KUBELET_RUNTIME_ACTION_SET: 'set', KUBELET_RUNTIME_ACTION_GUARD: 'guard' };

export const kubeletRuntimeCodec: StepCodec<KubeletRuntimeSpec> = {
  toWire: ({ endpoint, runtime, action }) => ({
    kubeletRuntime: { endpoint, runtime, action: action === 'set' ? 'KUBELET_RUNTIME_ACTION_SET' : 'KUBELET_RUNTIME_ACTION_GUARD' },
  }),

  fromWire(base, { kubeletRuntime: step }, at, check) {
    if (!step) return null;
    check.text(step.endpoint, `${at}.endpoint`, RUNTIME_ENDPOINT_PATTERN);
    check.text(step.runtime, `${at}.runtime`, RUNTIME_NAME_PATTERN);
    const action = ACTIONS[step.action as string];
    check.that(action !== undefined, `${at}.action`, `is ${step.action}, which this version does not know`);
    return { kind: 'kubelet_runtime', ...base, endpoint: step.endpoint, runtime: step.runtime, action: action ?? 'guard' };
  },
};
