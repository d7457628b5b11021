import type { z } from 'zod';

import { SOURCE_NAME_PATTERN, SOURCES_MAX } from '../../domain/step-limits.ts';
import type { PackagesSpec } from '../../domain/step-spec.ts';
import { list, section } from '../section.ts';
import { installs } from '../step-fields.ts';
import { choice, name } from '../text-fields.ts';
import { stepTimeout } from './step-timeout.ts';

const source = name(SOURCE_NAME_PATTERN, 'the name of a package source in /etc/farrier/sources.d: lower-case letters, digits, ".", "_" and "-"');

export const packagesSection = section({
  install: installs(),
  sources: list(source, 'package sources', { min: 1, max: SOURCES_MAX }),
  conffiles: choice(['keep', 'replace']).default('keep'),
  timeout: stepTimeout.default(600_000),
});

export function compilePackages({ install, sources, conffiles, timeout }: z.infer<typeof packagesSection>, nameIt: (wanted: string) => string): PackagesSpec {
  return { kind: 'packages', name: nameIt('packages'), timeoutMs: timeout, install, sources, conffiles };
}
