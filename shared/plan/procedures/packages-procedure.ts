import type { z } from 'zod';

import type { PackagesProcedure } from '../../domain/procedure.ts';
import { STEPS_MAX } from '../../domain/step-limits.ts';
import { list, section } from '../section.ts';
import { installs } from '../step-fields.ts';
import { conffiles, sources } from '../steps/packages-step.ts';
import { unit } from '../steps/service-step.ts';

/** Each restart is two steps: it and its guard. */
const RESTARTS_MAX = Math.floor((STEPS_MAX - 1) / 2);

export const packagesProcedure = section({
  install: installs(),
  sources,
  conffiles,
  restart: list(unit, 'service units', { min: 0, max: RESTARTS_MAX }).default([]),
});

export function compilePackagesProcedure(written: z.infer<typeof packagesProcedure>): PackagesProcedure {
  return { kind: 'packages', ...written };
}
