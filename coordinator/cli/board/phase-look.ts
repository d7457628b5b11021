import type { Style } from './ansi.ts';

export interface PhaseLook {
  readonly symbol: string;
  readonly style: Style | undefined;
  /** What a person has to see first, when there is not room for all; lower is first. */
  readonly rank: number;
  /** Which part of the bar the node is in. */
  readonly bar: 'done' | 'failed' | 'active' | 'waiting';
}

const LOOKS: Readonly<Record<string, PhaseLook>> = {
  'needs-a-person': { symbol: '!', style: 'red', rank: 0, bar: 'failed' },
  reverting: { symbol: '◀', style: 'red', rank: 1, bar: 'active' },
  activating: { symbol: '▶', style: 'yellow', rank: 1, bar: 'active' },
  permitted: { symbol: '▷', style: 'yellow', rank: 2, bar: 'active' },
  draining: { symbol: '◈', style: 'yellow', rank: 2, bar: 'active' },
  slot: { symbol: '◆', style: 'yellow', rank: 2, bar: 'active' },
  uncordoning: { symbol: '◁', style: 'yellow', rank: 2, bar: 'active' },
  reverted: { symbol: '↺', style: 'red', rank: 3, bar: 'failed' },
  refused: { symbol: '✖', style: 'red', rank: 3, bar: 'failed' },
  staging: { symbol: '↓', style: 'cyan', rank: 4, bar: 'waiting' },
  staged: { symbol: '◇', style: 'cyan', rank: 5, bar: 'waiting' },
  assigned: { symbol: '○', style: 'cyan', rank: 5, bar: 'waiting' },
  deferred: { symbol: '~', style: 'dim', rank: 6, bar: 'waiting' },
  gone: { symbol: '-', style: 'dim', rank: 6, bar: 'waiting' },
  waiting: { symbol: '·', style: 'dim', rank: 7, bar: 'waiting' },
  done: { symbol: '✔', style: 'green', rank: 8, bar: 'done' },
};

/** A coordinator that is newer may know phases that this program does not. */
export function lookOf(phase: string): PhaseLook {
  return (Object.hasOwn(LOOKS, phase) ? LOOKS[phase] : undefined) ?? { symbol: '?', style: undefined, rank: 4, bar: 'waiting' };
}
