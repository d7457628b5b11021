import type { NodeName } from '../../shared/domain/ids.ts';
import { holdsCluster } from '../../shared/domain/node-role.ts';
import { type EtcdCluster, etcdClustersOf, MEMBERS_TO_LOSE_ONE_MIN } from './quorum.ts';
import { isLiving, type RolloutState } from './rollout.ts';
import type { Now, World } from './world.ts';

/** I2: the control-plane nodes of one cluster, or the hosts of one etcd. */
export interface ControlPlane {
  readonly cluster: string;
  /** Whoever tells that it is one, and whoever any living rollout knew as one. */
  readonly nodes: ReadonlySet<NodeName>;
  /** It has so many nodes that it stands without one of them, as far as their number tells. */
  readonly canLoseOne: boolean;
  /** What their agents saw of etcd: says more than the number of nodes. */
  readonly etcd: readonly EtcdCluster[];
}

/** Nodes without a cluster's name could all be of one cluster and count as such: towards fewer disruptions. */
export function controlPlanesOf(world: World, now: Now, rollouts: readonly RolloutState[]): readonly ControlPlane[] {
  const known = new Map<string, Set<NodeName>>();
  const add = (cluster: string, nodes: readonly NodeName[]): void => {
    known.set(cluster, new Set([...(known.get(cluster) ?? []), ...nodes]));
  };
  for (const { record, facts } of world.nodes.values()) {
    if (holdsCluster(facts?.facts ?? null)) add(record.cluster, [record.name]);
  }
  for (const { frozen } of rollouts.filter(isLiving)) {
    for (const [cluster, nodes] of Object.entries(frozen.controlPlanes)) add(cluster, nodes);
  }
  const planes = [...known, ...etcdAcross(world, [...known.values()])];
  return planes.map(([cluster, nodes]) => ({ cluster, nodes, canLoseOne: canLoseOne(nodesLeft(world, nodes)), etcd: etcdClustersOf(world, now, nodes) }));
}

export function canLoseOne(members: number): boolean {
  return members >= MEMBERS_TO_LOSE_ONE_MIN;
}

/** Members of one etcd whose nodes were given to several clusters: all the same no two of them go down at once. */
function etcdAcross(world: World, planes: readonly ReadonlySet<NodeName>[]): readonly (readonly [string, ReadonlySet<NodeName>])[] {
  const hosts = [...world.nodes.values()].flatMap(({ record, facts }) => {
    const id = facts?.facts.etcdMember?.clusterId ?? '';
    return id === '' ? [] : [{ id, name: record.name }];
  });
  const byId = Map.groupBy(hosts, ({ id }) => id);
  return [...byId].map(([id, found]) => [`etcd ${id}`, new Set(found.map(({ name }) => name))] as const).filter(([, nodes]) => !planes.some((plane) => [...nodes].every((name) => plane.has(name))));
}

/** A node that a person removed is no member any more; that it may still be down is counted by its slot. */
function nodesLeft(world: World, nodes: ReadonlySet<NodeName>): number {
  return [...nodes].filter((name) => world.nodes.has(name)).length;
}
