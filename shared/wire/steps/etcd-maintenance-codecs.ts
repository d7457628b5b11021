import { KEEP_REVISIONS_MAX } from '../../domain/step-limits.ts';
import type { EtcdDefragmentSpec, EtcdDisarmSpec } from '../../domain/steps/etcd-spec.ts';
import type { StepCodec } from './step-codec.ts';

export const etcdDefragmentCodec: StepCodec<EtcdDefragmentSpec> = {
  toWire: ({ fromFragmentedPercent, fromQuotaPercent }) => ({ etcdDefragment: { fromFragmentedPercent, fromQuotaPercent } }),

  fromWire(base, { etcdDefragment: step }, at, check) {
    if (!step) return null;
    const { fromFragmentedPercent, fromQuotaPercent } = step;
    check.count(fromFragmentedPercent, `${at}.fromFragmentedPercent`, { max: 100 });
    check.count(fromQuotaPercent, `${at}.fromQuotaPercent`, { max: 100 });
    return { kind: 'etcd_defragment', ...base, fromFragmentedPercent, fromQuotaPercent };
  },
};

export const etcdDisarmCodec: StepCodec<EtcdDisarmSpec> = {
  toWire: ({ keepRevisions }) => ({ etcdDisarm: { keepRevisions } }),

  fromWire(base, { etcdDisarm: step }, at, check) {
    if (!step) return null;
    check.count(step.keepRevisions, `${at}.keepRevisions`, { max: KEEP_REVISIONS_MAX });
    return { kind: 'etcd_disarm', ...base, keepRevisions: step.keepRevisions };
  },
};
