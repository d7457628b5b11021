import type { DriftPolicy } from '../../domain/steps/files-spec.ts';
import type { FieldCheck } from '../field-check.ts';

const POLICIES: Readonly<Record<string, DriftPolicy>> = { DRIFT_POLICY_REFUSE: 'refuse', DRIFT_POLICY_OVERWRITE: 'overwrite' };

export function driftToWire(policy: DriftPolicy): 'DRIFT_POLICY_REFUSE' | 'DRIFT_POLICY_OVERWRITE' {
  return policy === 'refuse' ? 'DRIFT_POLICY_REFUSE' : 'DRIFT_POLICY_OVERWRITE';
}

export function driftFromWire(written: string | number, at: string, check: FieldCheck): DriftPolicy {
  const policy = POLICIES[written];
  check.that(policy !== undefined, `${at}.onDrift`, `is ${written}, which this version does not know`);
  return policy ?? 'refuse';
}
