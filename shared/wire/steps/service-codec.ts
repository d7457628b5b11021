import { LOOK_INTERVAL_MAX_MS, LOOKS_MAX, UNIT_NAME_PATTERN } from '../../domain/step-limits.ts';
import type { ServiceSpec } from '../../domain/step-spec.ts';
import type { StepCodec } from './step-codec.ts';

const ACTIONS = { restart: 'SERVICE_ACTION_RESTART', guard: 'SERVICE_ACTION_GUARD', disable: 'SERVICE_ACTION_DISABLE' } as const satisfies Record<ServiceSpec['action'], string>;

export const serviceCodec: StepCodec<ServiceSpec> = {
  toWire: ({ unit, action, looks, lookIntervalMs }) => ({ service: { unit, action: ACTIONS[action], looks, lookIntervalMs } }),

  fromWire(base, { service: step }, at, check) {
    if (!step) return null;
    check.text(step.unit, `${at}.unit`, UNIT_NAME_PATTERN);
    check.count(step.looks, `${at}.looks`, { min: 1, max: LOOKS_MAX });
    check.count(step.lookIntervalMs, `${at}.lookIntervalMs`, { min: 1, max: LOOK_INTERVAL_MAX_MS });
    const action = (Object.keys(ACTIONS) as (keyof typeof ACTIONS)[]).find((each) => ACTIONS[each] === step.action);
    check.that(action !== undefined, `${at}.action`, `is ${step.action}, which this version does not know`);
    return { kind: 'service', ...base, unit: step.unit, action: action ?? 'guard', looks: step.looks, lookIntervalMs: step.lookIntervalMs };
  },
};
