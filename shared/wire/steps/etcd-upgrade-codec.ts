import { ETCD_VERSION_PATTERN, UNIT_NAME_PATTERN } from '../../domain/step-limits.ts';
import type { EtcdUpgradeSpec } from '../../domain/steps/etcd-spec.ts';
import { artifactFromWire } from './artifact-codec.ts';
import type { StepCodec } from './step-codec.ts';

export const etcdUpgradeCodec: StepCodec<EtcdUpgradeSpec> = {
  toWire: ({ unit, version, binary, crossesMinor }) => ({ etcdUpgrade: { unit, version, binary: { ...binary }, crossesMinor } }),

  fromWire(base, { etcdUpgrade: step }, at, check) {
    if (!step) return null;
    const { unit, version, crossesMinor } = step;
    check.text(unit, `${at}.unit`, UNIT_NAME_PATTERN);
    check.text(version, `${at}.version`, ETCD_VERSION_PATTERN);
    return { kind: 'etcd_upgrade', ...base, unit, version, binary: artifactFromWire(step.binary, `${at}.binary`, check), crossesMinor };
  },
};
