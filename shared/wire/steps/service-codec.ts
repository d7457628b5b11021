import { LOOK_INTERVAL_MAX_MS, LOOKS_MAX, UNIT_NAME_PATTERN } from '../../domain/step-limits.ts';
import type { ServiceSpec } from '../../domain/step-spec.ts';
import type { StepCodec } from './step-codec.ts';

const ACTIONS: Readonly<Record<string, ServiceSpec['action']>> = { SERVICE_ACTION_RESTART: 'restart', SERVICE_ACTION_GUARD: 'guard' };

export const serviceCodec: StepCodec<ServiceSpec> = {
  toWire: ({ unit, action, looks, lookIntervalMs }) => ({
    service: { unit, action: action === 'restart' ? 'SERVICE_ACTION_RESTART' : 'SERVICE_ACTION_GUARD', looks, lookIntervalMs },
  }),

  fromWire(base, { service: step }, at, check) {
    if (!step) return null;
    check.text(step.unit, `${at}.unit`, UNIT_NAME_PATTERN);
    check.count(step.looks, `${at}.looks`, { min: 1, max: LOOKS_MAX });
    check.count(step.lookIntervalMs, `${at}.lookIntervalMs`, { min: 1, max: LOOK_INTERVAL_MAX_MS });
    const action = ACTIONS[step.action as string];
    check.that(action !== undefined, `${at}.action`, `is ${step.action}, which this version does not know`);
    return { kind: 'service', ...base, unit: step.unit, action: action ?? 'guard', looks: step.looks, lookIntervalMs: step.lookIntervalMs };
  },
};
