import type { z } from 'zod';

import { MODULE_NAME_PATTERN, MODULES_MAX } from '../../domain/step-limits.ts';
import type { ModulesSpec } from '../../domain/steps/modules-spec.ts';
import { entryOf, itemsOf } from '../loose.ts';
import { type Problem, problem, type PropertyPath } from '../problem.ts';
import { quote } from '../quote.ts';
import { list, section } from '../section.ts';
import { name } from '../text-fields.ts';
import { driftPolicy } from './files-step.ts';
import { stepTimeout } from './step-timeout.ts';
import { configName } from './sysctl-step.ts';

const module = name(MODULE_NAME_PATTERN, 'the name of a kernel module, as br_netfilter');

export const modulesSection = section({
  name: configName,
  modules: list(module, 'kernel modules', { min: 1, max: MODULES_MAX }),
  onDrift: driftPolicy,
  timeout: stepTimeout.default(60_000),
});

export function compileModules({ name: config, modules, onDrift, timeout }: z.infer<typeof modulesSection>, nameIt: (wanted: string) => string): ModulesSpec {
  return { kind: 'modules', name: nameIt(`modules-${config}`), timeoutMs: timeout, config, modules, onDrift };
}

export function checkModules(section_: unknown, at: PropertyPath): readonly Problem[] {
  const modules = itemsOf(entryOf(section_, 'modules'));
  return modules.flatMap((one, index) => {
    const before = modules.indexOf(one);
    return before === index ? [] : [problem([...at, 'modules', index], 'duplicate-name', `${quote(one)} stands here already as entry ${before + 1}; keep one of them`)];
  });
}
