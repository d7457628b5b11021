import type { z } from 'zod';

import { PACKAGE_NAME_PATTERN, PACKAGES_MAX, SOURCE_NAME_PATTERN, SOURCES_MAX } from '../../domain/step-limits.ts';
import type { PackagesSpec } from '../../domain/step-spec.ts';
import { entryOf, hasOnly, itemsOf } from '../loose.ts';
import { type Problem, problem, type PropertyPath } from '../problem.ts';
import { quote } from '../quote.ts';
import { list, section } from '../section.ts';
import { installs } from '../step-fields.ts';
import { choice, name } from '../text-fields.ts';
import { stepTimeout } from './step-timeout.ts';

const source = name(SOURCE_NAME_PATTERN, 'the name of a package source in /etc/farrier/sources.d: lower-case letters, digits, ".", "_" and "-"');

export const sources = list(source, 'package sources', { min: 1, max: SOURCES_MAX });
export const conffiles = choice(['keep', 'replace']).default('keep');

const removed = list(name(PACKAGE_NAME_PATTERN, 'the name of a package'), 'packages', { min: 1, max: PACKAGES_MAX });

/** It installs or it removes: checked apart. */
export const packagesSection = section({
  install: installs().optional(),
  sources: sources.optional(),
  conffiles,
  remove: removed.optional(),
  timeout: stepTimeout.default(600_000),
});

export function compilePackages({ timeout, install = [], sources: from = [], conffiles: policy, remove }: z.infer<typeof packagesSection>, nameIt: (wanted: string) => string): PackagesSpec {
  const spec = { kind: 'packages' as const, name: nameIt(remove === undefined ? 'packages' : 'remove-packages'), timeoutMs: timeout, install, sources: from, conffiles: policy };
  return remove === undefined ? spec : { ...spec, remove: remove.toSorted() };
}

export function checkPackages(step: unknown, path: PropertyPath): readonly Problem[] {
  if (typeof step !== 'object' || step === null || Array.isArray(step)) return [];
  const has = (key: string): boolean => Object.hasOwn(step, key);
  const names = itemsOf(entryOf(step, 'remove'));
  const twice = names.flatMap((one, index) => (typeof one === 'string' && names.indexOf(one) < index ? [problem([...path, 'remove', index], 'duplicate-name', `${quote(one)} stands here already; keep one of them`)] : []));
  if (has('remove')) {
    const [other] = ['install', 'sources', 'conffiles'].filter(has);
    return [...twice, ...(other === undefined ? [] : [problem([...path, 'remove'], 'conflict', `stands beside ${other}; what is taken away needs none: make it a step of its own`, 'key')])];
  }
  // A misspelt key may be the one that is missing: then only that is told.
  if (!hasOnly(step, ['install', 'sources', 'conffiles', 'timeout'])) return [];
  return [
    ...(has('install') ? [] : [problem(path, 'missing', 'names no package; write install with exact versions, or remove')]),
    ...(has('sources') || !has('install') ? [] : [problem(path, 'missing', 'has no sources; name those that the packages come from')]),
  ];
}
