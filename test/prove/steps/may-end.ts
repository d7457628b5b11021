import { NOTHING, type SweepCase } from './sweep-case.ts';

/**
 * old   as it was
 * new   as after an upgrade that nothing happened to
 * held  past its point of no return; new once a person had it finished
 */
export type Outcome = 'old' | 'new' | 'held';

/** What failed is never new, and past the named point nothing goes back. @returns why it must not end so; [] where it may. */
export function mayEnd({ track, stepNames, step, fault }: SweepCase, outcome: Outcome): readonly string[] {
  if (fault === NOTHING) return outcome === 'new' ? [] : [`nothing went wrong, and it is ${outcome}`];
  if (outcome === 'new') return fault.isCut ? [] : ['the step failed, and it is new'];
  const past = track.noReturnFrom === null ? -1 : stepNames.indexOf(step) - stepNames.indexOf(track.noReturnFrom);
  if (outcome === 'held') return past >= 0 ? [] : ['it is held, and nothing keeps it from going back'];
  return past > 0 ? ['it went back from past its point of no return'] : [];
}
