import type { ProgramResult } from '../../ports/programs.ts';
import { type StepFailure, stepFailure } from '../../steps/step.ts';
import { LOCK_MARK } from './invoke-locked.ts';

/** What stops every package system alike; null where it is something else. */
export function commonFailure({ stdout, stderr }: ProgramResult, doing: string): StepFailure | null {
  const text = `${stderr}\n${stdout}`;
  const holder = text.indexOf(LOCK_MARK);
  if (holder !== -1) {
    const who = (text.slice(holder + LOCK_MARK.length).split('\n')[0] ?? '').trim();
    return stepFailure('lock-held', `the package system is in use by ${who}; wait for it, or see what it is waiting for`, who);
  }
  const full = /^.*(?:No space left on device|don't have enough free space|needs \d+\S* (?:more space )?on the .* filesystem).*$/m.exec(text)?.[0];
  return full === undefined ? null : stepFailure('disk-full', `${doing}: ${full.trim()}; free space and start again`);
}
