import type { NodeName, RolloutId } from '../../shared/domain/ids.ts';
import type { Reason } from '../../shared/domain/reason.ts';
import { resolveShare } from '../../shared/domain/resolve-share.ts';
import { type ControlPlane, controlPlanesOf } from './control-planes.ts';
import { concerns, type QuorumLoss, quorumLoss } from './quorum.ts';
import type { Slot } from './ledger-event.ts';
import { isLiving, type RolloutState } from './rollout.ts';
import { type Rules, SAFE_RULES } from './rules.ts';
import { isCountedOut, unavailableReason } from './unavailable.ts';
import type { Now, World } from './world.ts';

/** One limit of I1 or I2 and who uses it up. */
export interface Scope {
  readonly kind: 'fleet' | 'cluster' | 'zone' | 'rollout' | 'control-plane';
  /** Of the cluster, zone or rollout; of the fleet itself. A control plane has its cluster's. */
  readonly name: string;
  readonly limit: number;
  readonly unavailable: ReadonlySet<NodeName>;
  /** Why a quorum refuses, whoever is unavailable; absent where the limit is what refuses. */
  readonly quorum?: QuorumLoss;
}

type OpenScope = Scope & { readonly unavailable: Set<NodeName> };
type ControlPlaneScope = { readonly scope: OpenScope } & ControlPlane;

/** The limits of one moment, counted down as slots are granted. Lives for one decision. */
export class Budget {
  readonly #fleet: OpenScope;
  readonly #clusters: ReadonlyMap<string, OpenScope>;
  readonly #zones: ReadonlyMap<string, OpenScope>;
  readonly #rollouts: readonly { readonly scope: OpenScope; readonly nodes: ReadonlyMap<NodeName, unknown> }[];
  readonly #controlPlanes: readonly ControlPlaneScope[];
  readonly #reasons = new Map<NodeName, Reason>();
  readonly #world: World;
  readonly #rules: Rules;

  constructor(world: World, now: Now, slots: ReadonlyMap<NodeName, Slot>, rollouts: Iterable<RolloutState>, rules: Rules = SAFE_RULES) {
    const { maxUnavailable } = world.policy;
    const countedOut = new Set<NodeName>();
    const clusterSizes = new Map<string, number>();
    const zoneSizes = new Map<string, number>();
    for (const [name, view] of world.nodes) {
      grow(clusterSizes, view.record.cluster);
      grow(zoneSizes, view.record.zone);
      if (isCountedOut(world, now, view, slots)) countedOut.add(name);
      const reason = unavailableReason(world, now, view, slots, rules);
      if (reason !== null) this.#reasons.set(name, reason);
    }
    // A removed node whose slot was not given up is still out there.
    for (const name of slots.keys()) this.#reasons.set(name, 'holds-slot');
    const slack = rules.budgetSlack;
    this.#world = world;
    this.#rules = rules;
    this.#fleet = open('fleet', world.fleet, resolveShare(maxUnavailable.fleet, world.nodes.size - countedOut.size) + slack);
    this.#clusters = openEach('cluster', clusterSizes, (size) => resolveShare(maxUnavailable.perCluster, size) + slack);
    this.#zones = openEach('zone', zoneSizes, (size) => resolveShare(maxUnavailable.perZone, size) + slack);
    const all = [...rollouts];
    this.#controlPlanes = controlPlanesOf(world, now, all).map((plane) => ({ ...plane, scope: open('control-plane', plane.cluster, rules.controlPlanesPerCluster) }));
    this.#rollouts = all
      .filter(isLiving)
      .map(({ id, frozen, nodes }) => ({ scope: open('rollout', id, frozen.maxUnavailable + slack), nodes }));
    for (const name of this.#reasons.keys()) this.#count(name, countedOut.has(name));
  }

  /** Why the node counts as unavailable already, or null. */
  reason(node: NodeName): Reason | null {
    return this.#reasons.get(node) ?? null;
  }

  /**
   * The strictest limit that leaves no room for the node, or null. One that is unavailable already takes no further unit
   * of I1; of a control plane it does, since its member of etcd may be up all the same (I2).
   *
   * @param allowsOutage the rollout may take down control planes that cannot lose a member.
   */
  blockedBy(node: NodeName, allowsOutage: boolean): Scope | null {
    const controlPlane = this.#blockingControlPlane(node, allowsOutage);
    if (controlPlane !== null) return controlPlane;
    if (this.#reasons.has(node)) return null;
    return this.scopesOf(node).find((scope) => scope.unavailable.size >= scope.limit) ?? null;
  }

  /**
   * The first limit that others use up, of a node that holds its slot; null where none is.
   *
   * @param isRepair takes no unit of I1.
   * @param behind hold slots too, and wait for theirs.
   * @param allowsOutage as of `blockedBy`.
   */
  crowdedBy(node: NodeName, { isRepair, behind, allowsOutage }: { readonly isRepair: boolean; readonly behind: ReadonlySet<NodeName>; readonly allowsOutage: boolean }): Scope | null {
    const refusing = this.#refusingQuorum(node, allowsOutage);
    if (refusing !== null) return refusing;
    const scopes = [...this.#controlPlanes.filter(({ nodes }) => nodes.has(node)).map(({ scope }) => scope), ...(isRepair ? [] : this.scopesOf(node))];
    return scopes.find(({ unavailable, limit }) => [...unavailable].filter((other) => other !== node && !behind.has(other)).length >= limit) ?? null;
  }

  /** Counts the node as unavailable from here on. */
  take(node: NodeName): void {
    this.#reasons.set(node, 'holds-slot');
    this.#count(node, false);
  }

  /** Every limit that binds the node: a rollout's binds whoever else takes one of its nodes down. */
  scopesOf(node: NodeName): readonly Scope[] {
    return this.#scopes(node, false);
  }

  /** The limit of one rollout, null where it is over. */
  rollout(id: RolloutId): Scope | null {
    return this.#rollouts.find(({ scope }) => scope.name === id)?.scope ?? null;
  }

  #blockingControlPlane(node: NodeName, allowsOutage: boolean): Scope | null {
    const refusing = this.#refusingQuorum(node, allowsOutage);
    if (refusing !== null) return refusing;
    for (const { scope, nodes } of this.#controlPlanes) {
      if (!nodes.has(node)) continue;
      const others = new Set([...scope.unavailable].filter((other) => other !== node));
      if (others.size >= scope.limit) return { ...scope, unavailable: others };
    }
    return null;
  }

  /** By the members as they are now where agents saw them, else by their number. */
  #refusingQuorum(node: NodeName, allowsOutage: boolean): Scope | null {
    for (const { scope, nodes, canLoseOne, etcd } of this.#controlPlanes) {
      if (!nodes.has(node)) continue;
      const isSeen = this.#rules.countsQuorum && etcd.some((cluster) => concerns(cluster, node));
      const quorum = isSeen ? quorumLoss(etcd, node, allowsOutage) : canLoseOne || allowsOutage ? null : ({ kind: 'cannot-lose-one', cluster: scope.name, members: [] } as const);
      if (quorum !== null) return { ...scope, limit: 0, quorum };
    }
    return null;
  }

  #count(node: NodeName, countedOut: boolean): void {
    for (const scope of this.#scopes(node, countedOut)) scope.unavailable.add(node);
    const isRemoved = !this.#world.nodes.has(node);
    const known = this.#controlPlanes.filter(({ nodes }) => nodes.has(node));
    for (const { scope } of known.length === 0 && isRemoved ? this.#controlPlanes : known) scope.unavailable.add(node);
  }

  #scopes(node: NodeName, countedOut: boolean): readonly OpenScope[] {
    const record = this.#world.nodes.get(node)?.record;
    const own = this.#rollouts.filter(({ nodes }) => nodes.has(node)).map(({ scope }) => scope);
    const wide = countedOut ? [] : [this.#fleet, ...own];
    // Nobody knows any more where a removed node stands: it counts everywhere, towards fewer disruptions.
    const places = record === undefined ? [...this.#clusters.values(), ...this.#zones.values()] : [this.#clusters.get(record.cluster), this.#zones.get(record.zone)];
    return [...wide, ...places.filter((scope) => scope !== undefined)];
  }
}

function open(kind: Scope['kind'], name: string, limit: number): OpenScope {
  return { kind, name, limit, unavailable: new Set() };
}

function openEach(kind: Scope['kind'], sizes: ReadonlyMap<string, number>, limit: (size: number) => number): ReadonlyMap<string, OpenScope> {
  return new Map([...sizes].map(([name, size]) => [name, open(kind, name, limit(size))]));
}

/** A node that stands in no cluster or zone is bound by none. */
function grow(sizes: Map<string, number>, name: string): void {
  if (name !== '') sizes.set(name, (sizes.get(name) ?? 0) + 1);
}
