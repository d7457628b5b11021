import type { z } from 'zod';

import type { OsReboot } from '../../domain/procedure.ts';
import { section } from '../section.ts';
import { rebootSection } from '../steps/reboot-step.ts';

const { onlyIf, units } = rebootSection.shape;

export const osRebootProcedure = section({ onlyIf, units });

export function compileOsReboot(written: z.infer<typeof osRebootProcedure>): OsReboot {
  return { kind: 'os-reboot', ...written };
}
