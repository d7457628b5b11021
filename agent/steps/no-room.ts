import { statfs } from 'node:fs/promises';

import { STEP_OK, type StepResult, stepFailure } from './step.ts';

/** For drafts, the journal and what else the host writes meanwhile. */
const SLACK_BYTES = 16 * 1024 * 1024;

/** Each place is looked at as if everything went there: the fail direction is to refuse while staging, where nothing is disrupted yet. */
export async function noRoom(bytes: number, places: readonly string[]): Promise<StepResult> {
  const neededBytes = SLACK_BYTES + bytes;
  for (const place of places) {
    const disk = await statfs(place).catch(() => null);
    const freeBytes = disk === null ? neededBytes : disk.bavail * disk.bsize;
    if (freeBytes < neededBytes) return stepFailure('disk-full', `${neededBytes} bytes must be free under ${place}, ${freeBytes} are; free space and start again`, place);
  }
  return STEP_OK;
}
