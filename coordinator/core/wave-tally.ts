import type { FrozenWave } from '../../shared/domain/plan.ts';
import type { RolloutState } from './rollout.ts';

/** How the nodes of one wave stand. Deferred and gone nodes leave numerator and denominator. */
export interface WaveTally {
  readonly done: number;
  readonly failed: number;
  readonly deferred: number;
  /** Removed from the fleet before they were done. */
  readonly gone: number;
  /** Waiting or assigned, stuck ones too. */
  readonly unfinished: readonly string[];
}

export function tallyWave(rollout: RolloutState, wave: FrozenWave): WaveTally {
  let done = 0;
  let failed = 0;
  let deferred = 0;
  let gone = 0;
  const unfinished: string[] = [];
  for (const name of wave.nodes) {
    const node = rollout.nodes.get(name);
    if (node === undefined) continue;
    if (node.state === 'gone') gone += 1;
    else if (node.state === 'deferred') deferred += 1;
    else if (node.state !== 'ended') unfinished.push(name);
    else if (node.end.state === 'done') done += 1;
    else failed += 1;
  }
  return { done, failed, deferred, gone, unfinished };
}

/**
 * I3: complete = every node ended, deferred or gone, and at least minDonePercent of those present done. A first wave in
 * which nothing was done is not complete: it waits for a deferred node, and where none can come it has failed. A wave
 * that needs all of its nodes is complete when every one is done, and waits for those that are away.
 */
export function judgeWave(rollout: RolloutState, wave: FrozenWave): 'unfinished' | 'complete' | 'failed' {
  const { done, failed, deferred, gone, unfinished } = tallyWave(rollout, wave);
  if (unfinished.length > 0) return 'unfinished';
  if (wave.needsAll && failed + gone > 0) return 'failed';
  if (wave.needsAll && deferred > 0) return 'unfinished';
  const provedNothing = done === 0 && rollout.frozen.waves[0]?.name === wave.name;
  if (provedNothing && failed === 0 && deferred > 0) return 'unfinished';
  return !provedNothing && done * 100 >= rollout.frozen.plan.minDonePercent * (done + failed) ? 'complete' : 'failed';
}

/** The first of several waves. */
export function isCanary({ frozen }: RolloutState, wave: FrozenWave): boolean {
  return frozen.waves.length > 1 && frozen.waves[0]?.name === wave.name;
}

/** The wave that is at hand, where it can never be complete any more: nothing can follow it, whoever resumes. */
export function failedWave(rollout: RolloutState): FrozenWave | null {
  const wave = frontier(rollout);
  return wave !== null && judgeWave(rollout, wave) === 'failed' ? wave : null;
}

/** The last wave that was opened, or null before the first. */
export function frontier({ frozen, waves }: RolloutState): FrozenWave | null {
  return frozen.waves.findLast((wave) => waves.get(wave.name)?.state !== 'closed') ?? null;
}
