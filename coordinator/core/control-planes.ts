import type { NodeName } from '../../shared/domain/ids.ts';
import { isControlPlane } from '../../shared/domain/node-role.ts';
import { isLiving, type RolloutState } from './rollout.ts';
import type { World } from './world.ts';

/** Fewer members than these lose their quorum with any one of them: etcd keeps it while more than half are up. */
const MEMBERS_TO_LOSE_ONE_MIN = 3;

/** I2: the control-plane nodes of one cluster. */
export interface ControlPlane {
  readonly cluster: string;
  /** Whoever tells that it is one, and whoever any living rollout knew as one. */
  readonly nodes: ReadonlySet<NodeName>;
  /** It has so many members that it stands without one of them. */
  readonly canLoseOne: boolean;
}

/** Nodes without a cluster's name could all be of one cluster and count as such: towards fewer disruptions. */
export function controlPlanesOf(world: World, rollouts: readonly RolloutState[]): readonly ControlPlane[] {
  const known = new Map<string, Set<NodeName>>();
  const add = (cluster: string, nodes: readonly NodeName[]): void => {
    known.set(cluster, new Set([...(known.get(cluster) ?? []), ...nodes]));
  };
  for (const { record, facts } of world.nodes.values()) {
    if (isControlPlane(facts?.facts ?? null)) add(record.cluster, [record.name]);
  }
  for (const { frozen } of rollouts.filter(isLiving)) {
    for (const [cluster, nodes] of Object.entries(frozen.controlPlanes)) add(cluster, nodes);
  }
  return [...known].map(([cluster, nodes]) => ({ cluster, nodes, canLoseOne: canLoseOne(membersOf(world, nodes)) }));
}

export function canLoseOne(members: number): boolean {
  return members >= MEMBERS_TO_LOSE_ONE_MIN;
}

/** A node that a person removed is no member any more; that it may still be down is counted by its slot. */
function membersOf(world: World, nodes: ReadonlySet<NodeName>): number {
  return [...nodes].filter((name) => world.nodes.has(name)).length;
}
