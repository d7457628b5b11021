import { STEP_TIMEOUT_MAX_MS } from '../../domain/step-limits.ts';
import { duration } from '../number-fields.ts';

/** Of one apply, verify or revert. */
export const stepTimeout = duration({ min: 1000, max: STEP_TIMEOUT_MAX_MS });
