import { join } from 'node:path';

import { STEP_OK, type StepContext, type StepResult, stepFailure } from '../step.ts';
import { firstLost, type PathCopy } from './path-copies.ts';

/** Whether every copy that a revert needs is still there and whole. Reads only. */
export async function copiesKept(copies: readonly PathCopy[], folder: string): Promise<StepResult> {
  const lost = await firstLost(copies, folder);
  return lost === null ? STEP_OK : stepFailure('prior-unavailable', `the copy of ${lost} is gone or damaged`, lost);
}

/** Where a step keeps copies of what it changes. */
export function copiesFolder({ folder }: Pick<StepContext, 'folder'>): string {
  return join(folder, 'copies');
}
