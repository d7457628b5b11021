import type { RolloutId } from '../../shared/domain/ids.ts';
import type { Decision } from './decision.ts';
import type { RolloutState } from './rollout.ts';

const HOP_SUFFIX = /-hop-\d+$/u;

/**
 * The rollout that follows this one in its chain; null after the last. The name follows from the chain's: a store that lost
 * its tail starts the same hop again under the same name, so that what hosts did for it is taken in.
 */
export function nextHopId({ id, frozen: { chain } }: Pick<RolloutState, 'id' | 'frozen'>): RolloutId | null {
  return chain === null || chain.next === null ? null : `${id.replace(HOP_SUFFIX, '')}-hop-${chain.hop + 1}`;
}

/** A hop begins when the one before it is completed; a chain in which one failed, or was aborted or brought back, is over. */
export function startHops(rollouts: readonly RolloutState[]): readonly Decision[] {
  const known = new Set(rollouts.map(({ id }) => id));
  return rollouts.flatMap((rollout): readonly Decision[] => {
    const next = goesOn(rollout) ? nextHopId(rollout) : null;
    return next === null || known.has(next) ? [] : [{ kind: 'start-hop', rollout: rollout.id, hop: next }];
  });
}

/** It is completed and not the last of its chain. */
export function goesOn({ status, frozen }: Pick<RolloutState, 'status' | 'frozen'>): boolean {
  return status.state === 'ended' && status.status === 'completed' && frozen.chain !== null && frozen.chain.next !== null;
}

/** The hop of the chain that is at hand: the last that was started and not brought back. Commands for any hop mean this one. */
export function hopAtHand(rollouts: ReadonlyMap<RolloutId, RolloutState>, asked: RolloutState): RolloutState {
  let found = asked;
  for (;;) {
    const next = rollouts.get(nextHopId(found) ?? '');
    if (next === undefined || (next.status.state === 'ended' && next.status.status === 'rolled-back')) return found;
    found = next;
  }
}
