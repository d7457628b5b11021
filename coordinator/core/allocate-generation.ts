import type { Generation, NodeName } from '../../shared/domain/ids.ts';
import type { World } from './world.ts';

/** The next generation of a node: above all that the agent, the ledger or any rollout has ever seen of it. */
export function allocateGeneration(world: World, name: NodeName): Generation {
  const view = world.nodes.get(name);
  let highest = Math.max(world.ledger.slots.get(name)?.generation ?? 0, world.ledger.forgotten.get(name)?.generation ?? 0);
  if (view !== undefined) {
    if (view.session.state !== 'silent') highest = Math.max(highest, view.session.hello.highestGeneration);
    for (const generation of view.journal.assignments.keys()) highest = Math.max(highest, generation);
    for (const generation of view.journal.conflicts.keys()) highest = Math.max(highest, generation);
  }
  for (const rollout of world.rollouts.values()) highest = Math.max(highest, rollout.nodes.get(name)?.generation ?? 0);
  return highest + 1;
}
