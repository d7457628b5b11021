import { KUBELET_PROOF_MIN_MS, KUBELET_VERSION_PATTERN, LOOK_INTERVAL_MAX_MS, LOOKS_MAX } from '../../domain/step-limits.ts';
import type { KubeletLooks, KubeletSpec } from '../../domain/steps/kubeadm-spec.ts';
import type { FieldCheck } from '../field-check.ts';
import type { StepCodec } from './step-codec.ts';

const ACTIONS: Readonly<Record<string, KubeletSpec['action']>> = { SERVICE_ACTION_RESTART: 'restart', SERVICE_ACTION_GUARD: 'guard' };

export const kubeletCodec: StepCodec<KubeletSpec> = {
  toWire: ({ version, action, looks, lookIntervalMs }) => ({
    kubelet: { version, action: action === 'restart' ? 'SERVICE_ACTION_RESTART' : 'SERVICE_ACTION_GUARD', looks, lookIntervalMs },
  }),

  fromWire(base, { kubelet: step }, at, check) {
    if (!step) return null;
    check.text(step.version, `${at}.version`, KUBELET_VERSION_PATTERN);
    const action = ACTIONS[step.action as string];
    check.that(action !== undefined, `${at}.action`, `is ${step.action}, which this version does not know`);
    checkLooks(step, at, check);
    return { kind: 'kubelet', ...base, version: step.version, action: action ?? 'guard', looks: step.looks, lookIntervalMs: step.lookIntervalMs };
  },
};

/** Too short a proof would pass what crashes right after it. */
export function checkLooks({ looks, lookIntervalMs }: KubeletLooks, at: string, check: FieldCheck): void {
  check.count(looks, `${at}.looks`, { min: 1, max: LOOKS_MAX });
  check.count(lookIntervalMs, `${at}.lookIntervalMs`, { min: 1, max: LOOK_INTERVAL_MAX_MS });
  check.that((looks - 1) * lookIntervalMs >= KUBELET_PROOF_MIN_MS, `${at}.looks`, `span less than ${KUBELET_PROOF_MIN_MS} ms`);
}
