import type { NodeName } from '../../shared/domain/ids.ts';
import { namesOf } from '../../shared/procedures/names-of.ts';
import { isLiving, type RolloutState } from '../core/rollout.ts';

/** I5: a node has one owner. Who takes nodes of a rollout that is not through with them is told that he will wait, one line a rollout. */
export function findSharedNodes(selected: ReadonlySet<NodeName>, rollouts: Iterable<RolloutState>): readonly string[] {
  return [...rollouts].filter(isLiving).flatMap(({ id, nodes }) => {
    const shared = [...nodes].flatMap(([name, { state }]) => (selected.has(name) && state !== 'ended' && state !== 'gone' ? [name] : []));
    return shared.length === 0 ? [] : [`rollout ${id} is under way on ${shared.length} of these nodes (${namesOf(shared)}); each waits until that one is through with it`];
  });
}
