import { HOOK_ARGUMENT_PATTERN, HOOK_ARGUMENTS_MAX, HOOK_NAME_PATTERN } from '../../domain/step-limits.ts';
import type { HookSpec } from '../../domain/steps/hook-spec.ts';
import type { StepCodec } from './step-codec.ts';

export const hookCodec: StepCodec<HookSpec> = {
  toWire: ({ hook, args, reversible }) => ({ hook: { hook, args: [...args], reversible } }),

  fromWire(base, { hook: step }, at, check) {
    if (!step) return null;
    check.text(step.hook, `${at}.hook`, HOOK_NAME_PATTERN);
    check.count(step.args.length, `${at}.args`, { max: HOOK_ARGUMENTS_MAX });
    for (const [index, argument] of step.args.entries()) check.text(argument, `${at}.args[${index}]`, HOOK_ARGUMENT_PATTERN);
    return { kind: 'hook', ...base, hook: step.hook, args: step.args, reversible: step.reversible };
  },
};
