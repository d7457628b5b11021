import type { Decision } from '../../coordinator/core/decision.ts';
import { showRollout } from '../../coordinator/core/show-rollout.ts';
import type { LedgerEvent } from '../../coordinator/core/ledger-event.ts';
import { isReachable } from '../../coordinator/core/unavailable.ts';
import type { Now, World } from '../../coordinator/core/world.ts';
import type { FrozenPlan } from '../../shared/domain/plan.ts';
import { resolveShare } from '../../shared/domain/resolve-share.ts';
import { auditGrants } from '../support/worst-case.ts';
import type { ModelCluster } from './model-cluster.ts';
import type { ModelAgent, Witness } from './model-agent.ts';
import type { Scenario } from './scenario.ts';
import type { Command } from './wire.ts';

/** How often what the checks are about really happened: a simulation in which nothing happens proves nothing. */
export interface Tally {
  grants: number;
  lastUnits: number;
  repairs: number;
  begun: number;
  failures: number;
  recalls: number;
  adoptions: number;
  slotAdoptions: number;
  deferrals: number;
  returns: number;
  shownPaused: number;
  pauses: number;
  rollbacks: number;
  takeovers: number;
  restores: number;
  kills: number;
  /** Ticks in which a control-plane node was down by our doing. */
  controlPlaneTicks: number;
  /** Hops that followed another one. */
  hops: number;
  /** Hosts under way, counted at each tick of an outage. */
  underWayInOutage: number;
  /** Hosts that began after they were drained. */
  drained: number;
  givenUp: number;
  cordonedTicks: number;
  /** Cordons that nobody owned for a moment. */
  strays: number;
}

export function emptyTally(): Tally {
  const none = { grants: 0, lastUnits: 0, repairs: 0, begun: 0, failures: 0, recalls: 0, adoptions: 0, slotAdoptions: 0, deferrals: 0, returns: 0 };
  return { ...none, shownPaused: 0, pauses: 0, rollbacks: 0, takeovers: 0, restores: 0, kills: 0, controlPlaneTicks: 0, hops: 0, underWayInOutage: 0, drained: 0, givenUp: 0, cordonedTicks: 0, strays: 0 };
}

/** So long a cordon may stand that nobody owns, while its cluster and its agent can be reached. */
const STRAY_TICKS_MAX = 60;

/** Judges a run from outside, by what is true on the hosts. */
export class Checker implements Witness {
  readonly breaches: string[] = [];
  readonly tally = emptyTally();
  readonly #scenario: Scenario;
  readonly #agents: ReadonlyMap<string, ModelAgent>;
  readonly #cluster: ModelCluster;
  readonly #strayTicks = new Map<string, number>();
  readonly #truthOnly: boolean;
  readonly #highestEpoch = new Map<string, number>();
  #lostEpoch = 0;
  readonly #shownPaused = new Set<string>();
  readonly #resumed = new Set<string>();
  readonly #deferred = new Set<string>();
  readonly #failed = new Map<string, Set<string>>();
  readonly #repaired = new Set<string>();
  readonly forgotten = new Set<string>();

  constructor(scenario: Scenario, agents: ReadonlyMap<string, ModelAgent>, cluster: ModelCluster, truthOnly: boolean) {
    this.#truthOnly = truthOnly;
    this.#scenario = scenario;
    this.#agents = agents;
    this.#cluster = cluster;
  }

  greeted(node: string, epoch: number): void {
    this.#highestEpoch.set(node, Math.max(this.#highestEpoch.get(node) ?? 0, epoch));
  }

  took(node: string, command: Command): void {
    this.#fence(node, command);
  }

  began(node: string, command: Command): void {
    this.tally.begun += 1;
    const { rollout } = command;
    // A permit that the store forgot is counted as soon as its host is heard; until then nobody can know of it.
    if (this.#shownPaused.has(rollout) && command.epoch > this.#lostEpoch) this.breaches.push(`I7 ${node} began though ${rollout} was shown as paused`);
    this.#checkWaves(node, rollout);
    this.#checkDrained(node, rollout);
  }

  failed(node: string, rollout: string): void {
    this.tally.failures += 1;
    const failed = this.#failed.get(rollout) ?? new Set();
    this.#failed.set(rollout, failed.add(node));
  }

  finished(node: string, rollout: string): void {
    this.#failed.get(rollout)?.delete(node);
  }

  /** A person said that it may go on. */
  resumed(rollout: string): void {
    this.#shownPaused.delete(rollout);
    this.#resumed.add(rollout);
  }

  /** The store forgot; what was shown before it is void. */
  restored(newestEpoch: number): void {
    this.#lostEpoch = newestEpoch;
    this.tally.restores += 1;
    this.#shownPaused.clear();
  }

  audit(world: World, now: Now, decisions: readonly Decision[]): void {
    const { breaches, granted, lastUnits, repairs } = auditGrants(world, now, decisions);
    if (!this.#truthOnly) this.breaches.push(...breaches);
    this.tally.grants += granted;
    this.tally.lastUnits += lastUnits;
    this.tally.repairs += repairs.length;
    for (const { node, generation } of repairs) this.#repaired.add(`${node} ${generation}`);
    for (const decision of decisions) this.#count(decision);
  }

  /** I9: what the ledger gives back is back in its cluster's scheduling. What a rollout did that the store lost is a stray. */
  granted(events: readonly LedgerEvent[], slots: World['ledger']['slots']): void {
    for (const event of events) {
      if (event.type !== 'slot-returned') continue;
      const isOfSlot = this.#cluster.cordonOn(event.node)?.rollout === slots.get(event.node)?.rollout;
      if (isOfSlot && !this.#cluster.isLate(event.node)) this.breaches.push(`I9 the slot of ${event.node} was returned while it was cordoned`);
    }
  }

  /** I9: no cordon outlives the rollout that owns it. @param slots of the leader that ended it. */
  ended(rollout: string, slots: World['ledger']['slots']): void {
    const left = this.#cluster.cordons().filter((node) => this.#cluster.cordonOn(node)?.rollout === rollout && slots.get(node)?.rollout === rollout);
    if (left.length > 0) this.breaches.push(`I9 ${rollout} ended while ${left.join(' ')} was cordoned`);
  }

  /** I9 against the truth. @param leads what the leader knows; null where nobody leads. */
  checkCordons(leads: World | null): void {
    this.breaches.push(...this.#cluster.wronged().map((wrong) => `I9 ${wrong}`));
    for (const { name } of this.#scenario.records) {
      const cordon = this.#cluster.cordonOn(name);
      const view = leads?.nodes.get(name);
      const isOwned = cordon !== null && leads?.ledger.slots.get(name)?.rollout === cordon.rollout;
      if (cordon !== null) this.tally.cordonedTicks += 1;
      if (cordon === null || isOwned) this.#strayTicks.delete(name);
      else if (this.#cluster.isUp() && view !== undefined && isReachable(view)) this.#strayTicks.set(name, (this.#strayTicks.get(name) ?? 0) + 1);
      const ticks = this.#strayTicks.get(name) ?? 0;
      if (ticks === 1) this.tally.strays += 1;
      if (ticks > STRAY_TICKS_MAX) this.breaches.push(`I9 ${name} stays cordoned by ${cordon?.rollout}, which owns it no more`);
    }
  }

  /** What the present leader shows to people. */
  watch(world: World, now: Now): void {
    for (const rollout of world.rollouts.values()) {
      if (rollout.status.state !== 'paused' || this.#shownPaused.has(rollout.id)) continue;
      if (showRollout(world, now, rollout).status === 'pausing') continue;
      this.tally.shownPaused += 1;
      this.#shownPaused.add(rollout.id);
    }
  }

  /** I1 against the truth: hosts that are down by our doing, whoever knows of it. Those that were out before are not our doing. */
  checkTruth(): void {
    const { records, policy, starts, controlPlanes } = this.#scenario;
    const ours = records.filter(({ name }) => {
      const { work, disrupted } = this.#agents.get(name)!;
      return disrupted && !this.forgotten.has(name) && !this.#repaired.has(`${name} ${work?.generation}`);
    });
    const { fleet, perCluster, perZone } = policy.maxUnavailable;
    this.#limit('fleet', ours.length, resolveShare(fleet, records.length));
    for (const key of ['cluster', 'zone'] as const) {
      for (const place of new Set(records.map((record) => record[key]))) {
        const total = records.filter((record) => record[key] === place).length;
        this.#limit(`${key} ${place}`, ours.filter((record) => record[key] === place).length, resolveShare(key === 'cluster' ? perCluster : perZone, total));
      }
    }
    // I2: not even a repair takes a second one, since its member of etcd may be up all the same.
    const disrupted = records.filter(({ name }) => this.#agents.get(name)!.disrupted && !this.forgotten.has(name));
    for (const [cluster, names] of Object.entries(controlPlanes)) {
      const down = disrupted.filter(({ name }) => names.includes(name)).length;
      if (down > 1) this.breaches.push(`I2 ${down} control-plane nodes of ${cluster} are down by our doing`);
      this.tally.controlPlaneTicks += down;
    }
    if (this.#scenario.minors.size > 0) this.#checkSkew();
    for (const { rollout, frozen } of starts) {
      this.#limit(`rollout ${rollout}`, ours.filter(({ name }) => this.#agents.get(name)!.work?.rollout === rollout).length, frozen.maxUnavailable);
    }
  }

  /** I4 against the truth: a host in the middle runs the old version or the new one, nobody knows which. */
  #checkSkew(): void {
    const { records, controlPlanes, minors } = this.#scenario;
    for (const [cluster, names] of Object.entries(controlPlanes)) {
      const runs = records.flatMap(({ name, cluster: of }) => {
        if (of !== cluster || this.forgotten.has(name)) return [];
        const { ran, work, disrupted } = this.#agents.get(name)!;
        const { minor, by } = ran.at(-1)!;
        const rollout = disrupted ? work!.rollout : '';
        const may = [minor, minors.get(rollout) ?? minor, (rollout.startsWith(`${by}-back`) ? ran.at(-2)?.minor : undefined) ?? minor];
        return [{ name, isControlPlane: names.includes(name), oldest: Math.min(...may), newest: Math.max(...may) }];
      });
      const controlPlane = runs.filter(({ isControlPlane }) => isControlPlane);
      const [oldest, newest] = [Math.min(...controlPlane.map((run) => run.oldest)), Math.max(...controlPlane.map((run) => run.newest))];
      if (newest - oldest > 1) this.breaches.push(`I4 API servers of ${cluster} run ${oldest} and ${newest}`);
      for (const { name, isControlPlane, oldest: low, newest: high } of runs) {
        if (!isControlPlane && high > oldest) this.breaches.push(`I4 ${name} may run ${high} beside an API server of ${oldest}`);
        if (newest - low > 3) this.breaches.push(`I4 ${name} may run ${low} beside an API server of ${newest}`);
      }
    }
  }

  #limit(scope: string, down: number, limit: number): void {
    if (down > limit) this.breaches.push(`I1 ${down} hosts are down by our doing in ${scope}, the limit is ${limit}`);
  }

  /** I5: an effect of an old epoch. */
  #fence(node: string, command: Command): void {
    const highest = this.#highestEpoch.get(node) ?? 0;
    if (command.epoch < highest) this.breaches.push(`I5 ${node} took generation ${command.generation} of epoch ${command.epoch} after epoch ${highest}`);
    this.greeted(node, command.epoch);
  }

  /** I3 against the truth; deferred nodes catch up beside later waves. */
  #checkWaves(node: string, rollout: string): void {
    const frozen = this.#frozen(rollout);
    const index = frozen?.waves.findIndex(({ nodes }) => nodes.includes(node)) ?? 0;
    if (frozen === undefined || index < 1 || this.#deferred.has(`${rollout} ${node}`)) return;
    const earlier = frozen.waves.slice(0, index).flatMap(({ nodes }) => nodes);
    for (const name of earlier) {
      const { work, disrupted } = this.#agents.get(name)!;
      const counts = !this.#deferred.has(`${rollout} ${name}`) && !this.forgotten.has(name);
      if (counts && disrupted && work?.rollout === rollout) this.breaches.push(`I3 ${node} began in ${rollout} while ${name} of an earlier wave was under way`);
    }
    const canary = frozen.waves[0]?.nodes.find((name) => this.#failed.get(rollout)?.has(name) && !this.forgotten.has(name));
    if (canary !== undefined && !this.#resumed.has(rollout)) this.breaches.push(`I3 ${node} began in ${rollout} after canary ${canary} failed`);
  }

  /** A host that is to be empty is, and nobody puts anything on it. */
  #checkDrained(node: string, rollout: string): void {
    if (this.#frozen(rollout)?.drained.includes(node) !== true) return;
    this.tally.drained += 1;
    const pods = this.#cluster.podsLeftOn(node);
    if (pods.length > 0 || this.#cluster.cordonOn(node)?.rollout !== rollout) this.breaches.push(`I9 ${node} began in ${rollout} before it was drained: ${pods.join(' ')}`);
  }

  /** Of a later hop too. */
  #frozen(rollout: string): FrozenPlan | undefined {
    const [first = '', hop] = rollout.split('-hop-');
    let frozen = this.#scenario.starts.find((start) => start.rollout === first)?.frozen;
    for (let at = 1; at < Number(hop ?? 1); at++) frozen = frozen?.chain?.next ?? undefined;
    return frozen;
  }

  #count(decision: Decision): void {
    if (decision.kind === 'recall') this.tally.recalls += 1;
    if (decision.kind === 'start-hop') this.tally.hops += 1;
    if (decision.kind === 'ledger') this.tally.slotAdoptions += decision.events.filter(({ type }) => type === 'slot-adopted').length;
    if (decision.kind !== 'rollout') return;
    for (const event of decision.events) {
      if (event.type === 'adopted') this.tally.adoptions += 1;
      if (event.type === 'drain-given-up') this.tally.givenUp += 1;
      if (event.type === 'node-returned') this.tally.returns += 1;
      if (event.type === 'paused') this.tally.pauses += 1;
      if (event.type === 'rollback-started' || event.type === 'rollback-asked') this.tally.rollbacks += 1;
      if (event.type !== 'node-deferred') continue;
      this.tally.deferrals += 1;
      this.#deferred.add(`${decision.rollout} ${event.node}`);
    }
  }
}
