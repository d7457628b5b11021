import type { NodeName } from '../../shared/domain/ids.ts';
import { mayHaveMember } from '../../shared/domain/node-role.ts';
import { etcdLookOf, isCorrupt } from './etcd-look-of.ts';
import { isAwayForLong, isReachable } from './unavailable.ts';
import type { NodeView, Now, World } from './world.ts';

/** One cluster of etcd as it is now, by what agents saw. All that is known is counted at its worst. */
export interface EtcdCluster {
  readonly id: string;
  readonly members: readonly EtcdMemberNow[];
  /** Nodes that may run a member, and nobody can say which. */
  readonly unplaced: ReadonlySet<NodeName>;
}

export interface EtcdMemberNow {
  readonly id: string;
  /** For people: its node's name, else the one that etcd has, else its id. */
  readonly name: string;
  /** Counts in the number of which more than half have to be up. */
  readonly isVoting: boolean;
  /** Counts among those that are up. */
  readonly isUp: boolean;
  /** Its host is away for long, or no host of the fleet could run it, and it does not answer the others either. */
  readonly isLost: boolean;
  /** Whose agents say that it is theirs. */
  readonly nodes: ReadonlySet<NodeName>;
}

/**
 * Why the quorum does not allow that a node goes down.
 *
 * cannot-lose-one  one or two voting members: losing any one of them ends the quorum, whatever the others do
 * member-lost      a member is gone for good; a person removes it or brings it back
 * at-risk          it would not survive now: others are down
 */
export interface QuorumLoss {
  readonly kind: 'cannot-lose-one' | 'member-lost' | 'at-risk';
  readonly cluster: string;
  /** Who is to be mended, by name; empty for `cannot-lose-one`. */
  readonly members: readonly string[];
}

/** Fewer than these lose their quorum with any one of them: etcd keeps it while more than half are up. */
export const MEMBERS_TO_LOSE_ONE_MIN = 3;

/** The clusters of etcd that these nodes' agents saw. None where no agent told of a member. */
export function etcdClustersOf(world: World, now: Now, nodes: Iterable<NodeName>): readonly EtcdCluster[] {
  const views = [...nodes].flatMap((name) => world.nodes.get(name) ?? []);
  const ids = new Set(views.map((view) => etcdLookOf(view)?.clusterId ?? '').filter((id) => id !== ''));
  const unplaced = new Set(views.filter((view) => !isPlaced(view) && mayHaveMember(view.facts?.facts ?? null)).map(({ record }) => record.name));
  return [...ids].map((id) => {
    const lookers = views.filter((view) => etcdLookOf(view)?.clusterId === id);
    return { id, members: membersNow(world, now, lookers, unplaced), unplaced };
  });
}

/**
 * Whether every quorum that the node is part of survives its loss, with the members as they are now; null where each does.
 *
 * @param allowsOutage the rollout may take down what cannot lose a member; the other one of two has to be up all the same
 */
export function quorumLoss(clusters: readonly EtcdCluster[], node: NodeName, allowsOutage: boolean): QuorumLoss | null {
  for (const { id, members } of clusters.filter((cluster) => concerns(cluster, node))) {
    const own = members.filter(({ nodes }) => nodes.has(node));
    const loss = (kind: QuorumLoss['kind'], of: readonly EtcdMemberNow[]): QuorumLoss => ({ kind, cluster: id, members: of.map(({ name }) => name).toSorted() });
    const voting = members.filter(({ isVoting }) => isVoting);
    const others = voting.filter((member) => !own.includes(member));
    const canLoseOne = voting.length >= MEMBERS_TO_LOSE_ONE_MIN;
    if (!canLoseOne && !allowsOutage) return loss('cannot-lose-one', []);
    const lost = members.filter((member) => member.isLost && !own.includes(member));
    if (lost.length > 0) return loss('member-lost', lost);
    // A node of which nobody can say which member it runs may run any that no agent claims.
    const mayBeIts = own.length === 0 ? others.filter((member) => member.isUp && member.nodes.size === 0).slice(0, 1) : [];
    const left = others.filter((member) => member.isUp && !mayBeIts.includes(member));
    const needed = canLoseOne ? Math.floor(voting.length / 2) + 1 : others.length;
    if (left.length < needed) return loss('at-risk', others.filter(({ isUp }) => !isUp));
  }
  return null;
}

/** Whether the node runs a member of it, or may. */
export function concerns({ members, unplaced }: EtcdCluster, node: NodeName): boolean {
  return unplaced.has(node) || members.some(({ nodes }) => nodes.has(node));
}

/** Members as the lists of those agents have them that can be asked now; where there is none, as they were last. */
function membersNow(world: World, now: Now, lookers: readonly NodeView[], unplaced: ReadonlySet<NodeName>): readonly EtcdMemberNow[] {
  const vouching = lookers.filter(vouches);
  const lists = (vouching.length > 0 ? vouching : lookers).map((view) => etcdLookOf(view)?.members ?? []);
  return [...new Set(lists.flat().map(({ id }) => id))].map((id) => {
    const listed = lists.flatMap((list) => list.filter((member) => member.id === id));
    const own = lookers.filter((view) => etcdLookOf(view)?.memberId === id);
    // By its own agent; where it has none in the fleet, as every other one sees it.
    const isUp = own.length > 0 ? own.every(vouches) : vouching.length > 0 && listed.length === lists.length && listed.every(({ answers }) => answers);
    const isGone = own.length > 0 ? own.every((view) => isAwayForLong(world, now, view)) : unplaced.size === 0;
    return {
      id, isUp,
      name: own[0]?.record.name ?? (listed.find(({ name }) => name !== '')?.name || id),
      isVoting: listed.some(({ isLearner }) => !isLearner),
      isLost: !isUp && isGone,
      nodes: new Set(own.map(({ record }) => record.name)),
    };
  });
}

/** A look of an agent that is away says nothing of what is now. */
function vouches(view: NodeView): boolean {
  const look = etcdLookOf(view);
  return look !== null && isReachable(view) && look.trouble === '' && !isCorrupt(look);
}

function isPlaced(view: NodeView): boolean {
  const look = etcdLookOf(view);
  return look !== null && look.clusterId !== '' && look.memberId !== '';
}
