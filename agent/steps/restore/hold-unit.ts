import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { syncFolder, writeDurably } from '../../../shared/files/write-durably.ts';
import type { Units } from '../../ports/units.ts';

export interface HoldParts {
  readonly units: Units;
  /** Where people write units: /etc/systemd/system. */
  readonly unitsDir: string;
}

/** The last of all drop-ins by its name. No condition of a unit may hold it up any longer than a restore lasts. */
const DROP_IN = 'zz-farrier-restore.conf';
const DROP_IN_TEXT = `# Farrier restores the datastore of this unit. On an empty folder it would begin a new one: it does not start before the
# restore is over or put back, also not at a boot.
[Unit]
ConditionPathExists=!/
`;

/** Stops the unit and keeps it from starting, also over boots, until `allowStart`. Idempotent. @returns '' or what systemd said */
export async function holdUnit({ units, unitsDir }: HoldParts, unit: string, signal: AbortSignal): Promise<string> {
  const folder = join(unitsDir, `${unit}.d`);
  if ((await mkdir(folder, { recursive: true })) !== undefined) await syncFolder(unitsDir);
  await writeDurably(join(folder, DROP_IN), DROP_IN_TEXT, 0o644);
  return units.stop(unit, signal);
}

/** Starts nothing. Idempotent. */
export async function allowStart({ unitsDir }: Pick<HoldParts, 'unitsDir'>, unit: string): Promise<void> {
  const folder = join(unitsDir, `${unit}.d`);
  await rm(join(folder, DROP_IN), { force: true });
  await syncFolder(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}
