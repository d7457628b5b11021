import { CONFIG_NAME_PATTERN, MODULE_NAME_PATTERN, MODULES_MAX } from '../../domain/step-limits.ts';
import type { ModulesSpec } from '../../domain/steps/modules-spec.ts';
import { driftFromWire, driftToWire } from './drift-policy.ts';
import type { StepCodec } from './step-codec.ts';

export const modulesCodec: StepCodec<ModulesSpec> = {
  toWire: ({ config, modules, onDrift }) => ({ modules: { config, modules: [...modules], onDrift: driftToWire(onDrift) } }),

  fromWire(base, { modules: step }, at, check) {
    if (!step) return null;
    check.text(step.config, `${at}.config`, CONFIG_NAME_PATTERN);
    check.count(step.modules.length, `${at}.modules`, { min: 1, max: MODULES_MAX });
    check.that(new Set(step.modules).size === step.modules.length, `${at}.modules`, 'names a module twice');
    for (const [index, module] of step.modules.entries()) check.text(module, `${at}.modules[${index}]`, MODULE_NAME_PATTERN);
    return { kind: 'modules', ...base, config: step.config, modules: step.modules, onDrift: driftFromWire(step.onDrift, at, check) };
  },
};
