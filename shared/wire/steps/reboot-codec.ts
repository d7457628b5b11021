import { REBOOT_UNITS_MAX, UNIT_NAME_PATTERN } from '../../domain/step-limits.ts';
import type { RebootSpec } from '../../domain/step-spec.ts';
import type { StepCodec } from './step-codec.ts';

const ACTIONS: Readonly<Record<string, RebootSpec['action']>> = { REBOOT_ACTION_REBOOT: 'reboot', REBOOT_ACTION_GUARD: 'guard' };
const CONDITIONS: Readonly<Record<string, RebootSpec['onlyIf']>> = { REBOOT_CONDITION_ALWAYS: 'always', REBOOT_CONDITION_REQUIRED: 'required' };

export const rebootCodec: StepCodec<RebootSpec> = {
  toWire: ({ action, onlyIf, units }) => ({
    reboot: {
      action: action === 'reboot' ? 'REBOOT_ACTION_REBOOT' : 'REBOOT_ACTION_GUARD',
      onlyIf: onlyIf === 'always' ? 'REBOOT_CONDITION_ALWAYS' : 'REBOOT_CONDITION_REQUIRED',
      units: [...units],
    },
  }),

  fromWire(base, { reboot: step }, at, check) {
    if (!step) return null;
    const action = ACTIONS[step.action as string];
    check.that(action !== undefined, `${at}.action`, `is ${step.action}, which this version does not know`);
    const onlyIf = CONDITIONS[step.onlyIf as string];
    check.that(onlyIf !== undefined, `${at}.onlyIf`, `is ${step.onlyIf}, which this version does not know`);
    check.count(step.units.length, `${at}.units`, { max: REBOOT_UNITS_MAX });
    for (const [index, unit] of step.units.entries()) check.text(unit, `${at}.units[${index}]`, UNIT_NAME_PATTERN);
    return { kind: 'reboot', ...base, action: action ?? 'guard', onlyIf: onlyIf ?? 'required', units: step.units };
  },
};
