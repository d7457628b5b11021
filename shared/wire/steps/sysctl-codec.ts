import { CONFIG_NAME_PATTERN, SYSCTL_KEY_PATTERN, SYSCTL_SETTINGS_MAX, SYSCTL_VALUE_PATTERN } from '../../domain/step-limits.ts';
import type { SysctlSpec } from '../../domain/steps/sysctl-spec.ts';
import { driftFromWire, driftToWire } from './drift-policy.ts';
import type { StepCodec } from './step-codec.ts';

export const sysctlCodec: StepCodec<SysctlSpec> = {
  toWire: ({ config, settings, onDrift }) => ({ sysctl: { config, settings: settings.map(({ key, value }) => ({ key, value })), onDrift: driftToWire(onDrift) } }),

  fromWire(base, { sysctl: step }, at, check) {
    if (!step) return null;
    check.text(step.config, `${at}.config`, CONFIG_NAME_PATTERN);
    check.count(step.settings.length, `${at}.settings`, { min: 1, max: SYSCTL_SETTINGS_MAX });
    check.that(new Set(step.settings.map(({ key }) => key)).size === step.settings.length, `${at}.settings`, 'names a key twice');
    for (const [index, { key, value }] of step.settings.entries()) {
      check.text(key, `${at}.settings[${index}].key`, SYSCTL_KEY_PATTERN);
      check.text(value, `${at}.settings[${index}].value`, SYSCTL_VALUE_PATTERN);
    }
    const settings = step.settings.map(({ key, value }) => ({ key, value }));
    return { kind: 'sysctl', ...base, config: step.config, settings, onDrift: driftFromWire(step.onDrift, at, check) };
  },
};
