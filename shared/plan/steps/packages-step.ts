import type { z } from 'zod';

import { SOURCE_NAME_PATTERN, SOURCES_MAX } from '../../domain/step-limits.ts';
import type { PackagesSpec } from '../../domain/step-spec.ts';
import { list, section } from '../section.ts';
import { installs } from '../step-fields.ts';
import { choice, name } from '../text-fields.ts';
import { stepTimeout } from './step-timeout.ts';

const source = name(SOURCE_NAME_PATTERN, 'the name of a package source in /etc/farrier/sources.d: lower-case letters, digits, ".", "_" and "-"');

export const sources = list(source, 'package sources', { min: 1, max: SOURCES_MAX });
export const conffiles = choice(['keep', 'replace']).default('keep');

export const packagesSection = section({
  install: installs(),
  sources,
  conffiles,
  timeout: stepTimeout.default(600_000),
});

export function compilePackages({ timeout, ...written }: z.infer<typeof packagesSection>, nameIt: (wanted: string) => string): PackagesSpec {
  return { kind: 'packages', name: nameIt('packages'), timeoutMs: timeout, ...written };
}
