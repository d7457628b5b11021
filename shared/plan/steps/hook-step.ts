import type { z } from 'zod';

import { HOOK_ARGUMENT_PATTERN, HOOK_ARGUMENTS_MAX, HOOK_NAME_PATTERN } from '../../domain/step-limits.ts';
import type { HookSpec } from '../../domain/steps/hook-spec.ts';
import { yesOrNo } from '../flag-field.ts';
import { list, section } from '../section.ts';
import { name } from '../text-fields.ts';
import { stepTimeout } from './step-timeout.ts';

export const hookSection = section({
  name: name(HOOK_NAME_PATTERN, 'the name of a program in /etc/farrier/hooks.d on the hosts: letters, digits, ".", "_" and "-"'),
  args: list(name(HOOK_ARGUMENT_PATTERN, 'an argument of 1 to 1024 characters in one line'), 'arguments', { min: 0, max: HOOK_ARGUMENTS_MAX }).default([]),
  // No default: whether it can be taken back is known only to who wrote it.
  reversible: yesOrNo(),
  timeout: stepTimeout.default(300_000),
});

export function compileHook({ name: hook, args, reversible, timeout }: z.infer<typeof hookSection>, nameIt: (wanted: string) => string): HookSpec {
  return { kind: 'hook', name: nameIt(`hook-${hook}`), timeoutMs: timeout, hook, args, reversible };
}
