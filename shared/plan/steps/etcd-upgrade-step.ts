import type { z } from 'zod';

import { ETCD_VERSION_PATTERN, STEP_TIMEOUT_MAX_MS, UNIT_NAME_PATTERN } from '../../domain/step-limits.ts';
import type { EtcdUpgradeSpec } from '../../domain/steps/etcd-spec.ts';
import { duration } from '../number-fields.ts';
import { section } from '../section.ts';
import { name } from '../text-fields.ts';
import { truth } from '../truth-field.ts';
import { artifactFields } from './artifact-fields.ts';

/** A member that starts reads its whole log, and the others are given a minute to be well. */
const TIMEOUT_MIN_MS = 180_000;

export const etcdUpgradeSection = section({
  unit: name(UNIT_NAME_PATTERN, 'the name of a unit, as etcd.service').default('etcd.service'),
  version: name(ETCD_VERSION_PATTERN, 'a version of etcd as `etcd --version` prints it: 3.5.32'),
  binary: section(artifactFields),
  crossesMinor: truth().default(false),
  timeout: duration({ min: TIMEOUT_MIN_MS, max: STEP_TIMEOUT_MAX_MS }).default(600_000),
});

export function compileEtcdUpgrade({ unit, version, binary, crossesMinor, timeout }: z.infer<typeof etcdUpgradeSection>, nameIt: (wanted: string) => string): EtcdUpgradeSpec {
  return { kind: 'etcd_upgrade', name: nameIt('etcd-upgrade'), timeoutMs: timeout, unit, version, binary, crossesMinor };
}
