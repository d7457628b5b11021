import type { z } from 'zod';

import { KEEP_REVISIONS_MAX } from '../../domain/step-limits.ts';
import type { EtcdDefragmentSpec, EtcdDisarmSpec } from '../../domain/steps/etcd-spec.ts';
import { wholeNumber } from '../number-fields.ts';
import { section } from '../section.ts';
import { stepTimeout } from './step-timeout.ts';

const percent = wholeNumber({ min: 0, max: 100 });

export const etcdDefragmentSection = section({
  fromFragmentedPercent: percent.default(45),
  fromQuotaPercent: percent.default(80),
  timeout: stepTimeout.default(3_600_000),
});

export function compileEtcdDefragment({ timeout, ...gates }: z.infer<typeof etcdDefragmentSection>, nameIt: (wanted: string) => string): EtcdDefragmentSpec {
  return { kind: 'etcd_defragment', name: nameIt('etcd-defragment'), timeoutMs: timeout, ...gates };
}

export const etcdDisarmSection = section({
  keepRevisions: wholeNumber({ min: 0, max: KEEP_REVISIONS_MAX }).default(1_000),
  timeout: stepTimeout.default(3_600_000),
});

export function compileEtcdDisarm({ keepRevisions, timeout }: z.infer<typeof etcdDisarmSection>, nameIt: (wanted: string) => string): EtcdDisarmSpec {
  return { kind: 'etcd_disarm', name: nameIt('etcd-disarm'), timeoutMs: timeout, keepRevisions };
}
