import type { z } from 'zod';

import { REBOOT_UNITS_MAX, UNIT_NAME_PATTERN } from '../../domain/step-limits.ts';
import type { RebootSpec } from '../../domain/step-spec.ts';
import { list, section } from '../section.ts';
import { choice, name } from '../text-fields.ts';
import { stepTimeout } from './step-timeout.ts';

/** Of going down, and again of coming up: a server that counts its memory takes minutes. */
const DEFAULT_TIMEOUT_MS = 600_000;

const unit = name(UNIT_NAME_PATTERN, 'the full name of a service unit, as kubelet.service');

export const rebootSection = section({
  onlyIf: choice(['always', 'required']).default('always'),
  units: list(unit, 'units', { min: 0, max: REBOOT_UNITS_MAX }).default([]),
  timeout: stepTimeout.default(DEFAULT_TIMEOUT_MS),
});

export function compileReboot({ onlyIf, units, timeout }: z.infer<typeof rebootSection>, nameIt: (wanted: string) => string): RebootSpec {
  return { kind: 'reboot', name: nameIt('reboot'), timeoutMs: timeout, action: 'reboot', onlyIf, units };
}
