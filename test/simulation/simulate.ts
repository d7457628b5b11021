import type { Rules } from '../../coordinator/core/rules.ts';
import { SAFE_RULES } from '../../coordinator/core/rules.ts';
import type { NodeView } from '../../coordinator/core/world.ts';
import { failedWave } from '../../coordinator/core/wave-tally.ts';
import { Deposed } from '../../coordinator/runtime/deposed.ts';
import { loadState } from '../../coordinator/runtime/load-state.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { memoryDisk, memoryStore } from '../support/memory-store.ts';
import { type Dice, seededDice } from '../support/seeded-dice.ts';
import { Backups } from './backups.ts';
import { Checker, type Tally } from './checker.ts';
import { CHAOS_TICKS, drawFaults, type Faults } from './faults.ts';
import { ModelAgent, TICK_MS } from './model-agent.ts';
import { Killed, ModelCoordinator, type Surroundings } from './model-coordinator.ts';
import { ModelCluster } from './model-cluster.ts';
import { drawScenario, FLEET, type Scenario } from './scenario.ts';
import { Wire } from './wire.ts';

/** After the last fault, everything must have come to an end by then (I12). */
const CALM_TICKS_MAX = 3_000;
const START_UNIX_MS = Date.UTC(2026, 0, 1);

export interface SimulationOptions {
  readonly rules?: Rules;
  /** Faults to fix whatever the seed says. */
  readonly faults?: Partial<Faults>;
  readonly agentsCheckEpoch?: boolean;
  /** Agents go back when they have not heard of a coordinator for so long, whatever their own verifies say. */
  readonly agentsRevertWhenCutOffTicks?: number;
  /** Uncordoning takes away what a person did too. */
  readonly uncordonsPersons?: boolean;
  /** Judge by what is true on the hosts alone, not by recounting each grant. */
  readonly truthOnly?: boolean;
}

export interface SimulationResult {
  readonly faults: Faults;
  readonly breaches: readonly string[];
  readonly tally: Tally;
  readonly ticks: number;
  /** How each rollout ended. */
  readonly ends: Readonly<Record<string, string>>;
}

/** One run of the production core among model agents, all chance from one seed. Stops at the first breach. */
export async function simulate(seed: number, options: SimulationOptions = {}): Promise<SimulationResult> {
  return await new Simulation({ ...drawFaults(seed), ...options.faults }, options).run();
}

class Simulation {
  readonly #faults: Faults;
  readonly #dice: Dice;
  readonly #scenario: Scenario;
  readonly #agents: ReadonlyMap<string, ModelAgent>;
  readonly #checker: Checker;
  readonly #cluster: ModelCluster;
  readonly #disk = memoryDisk();
  readonly #backups = new Backups(this.#disk);
  readonly #around: Surroundings;
  /** Those that believe that they lead; the newest last. */
  #leaders: ModelCoordinator[] = [];
  readonly #wires = new Set<Wire>();
  readonly #clock: Clock;
  #tick = 0;
  #leaderlessTicks = 0;
  #elected = '';
  #calm = false;

  constructor(faults: Faults, options: SimulationOptions) {
    this.#faults = faults;
    this.#dice = seededDice(faults.seed * 7_919 + 1);
    this.#scenario = drawScenario(this.#dice, faults);
    const agents = new Map<string, ModelAgent>();
    this.#agents = agents;
    const cluster = new ModelCluster(this.#scenario.records.map(({ name }) => name), this.#dice, faults);
    this.#cluster = cluster;
    this.#checker = new Checker(this.#scenario, agents, cluster, options.truthOnly ?? false);
    for (const { name } of this.#scenario.records) {
      agents.set(name, new ModelAgent(name, this.#dice, faults, this.#checker, { checksEpoch: options.agentsCheckEpoch ?? true, revertsWhenCutOffTicks: options.agentsRevertWhenCutOffTicks ?? null }, this.#scenario.minors));
    }
    this.#clock = { monotonicMs: () => this.#tick * TICK_MS, wallUnixMs: () => START_UNIX_MS + this.#tick * TICK_MS, sleep: async () => undefined };
    this.#around = {
      store: memoryStore({ disk: this.#disk, clock: this.#clock }),
      clock: this.#clock,
      policy: this.#scenario.policy,
      rules: options.rules ?? SAFE_RULES,
      tick: () => this.#tick,
      mayDie: () => {
        if (!this.#calm && this.#dice.chance(this.#faults.crashWhilePerforming)) throw new Killed();
      },
      audit: (world, now, decisions) => this.#checker.audit(world, now, decisions),
      granted: (events, slots) => this.#checker.granted(events, slots),
      ended: (rollout, slots) => this.#checker.ended(rollout, slots),
      drainFor: (isAlive) => cluster.portFor(isAlive, options.uncordonsPersons ?? false),
    };
  }

  async run(): Promise<SimulationResult> {
    for (const record of this.#scenario.records) await this.#around.store.putRecord(`node/${record.name}`, record, 0);
    try {
      await this.#untilOver();
    } catch (error) {
      this.#checker.breaches.push(`tick ${this.#tick} threw ${error instanceof Error ? error.stack : String(error)}`);
    }
    if (this.#checker.breaches.length === 0) await this.#checkRestart();
    const rollouts = [...(this.#present()?.state.rollouts.values() ?? [])];
    const ends = Object.fromEntries(rollouts.map(({ id, status }) => [id, status.state === 'ended' ? status.status : status.state]));
    return { faults: this.#faults, breaches: this.#checker.breaches, tally: this.#checker.tally, ticks: this.#tick, ends };
  }

  async #untilOver(): Promise<void> {
    while (this.#checker.breaches.length === 0 && !(this.#calm && this.#isOver())) {
      this.#tick += 1;
      this.#calm = this.#tick > CHAOS_TICKS;
      await this.#oneTick();
      if (this.#tick > CHAOS_TICKS + CALM_TICKS_MAX + this.#faults.outage.ticks) this.#checker.breaches.push(`I12 not over after ${CALM_TICKS_MAX} calm ticks: ${this.#whatIsLeft()}`);
    }
  }

  async #oneTick(): Promise<void> {
    this.#backups.step(this.#tick);
    if (this.#faults.restores.includes(this.#tick)) this.#restore();
    if (this.#isOutage()) this.#goDark();
    await this.#cluster.step(this.#tick, this.#calm);
    for (const agent of this.#agents.values()) this.#stepAgent(agent);
    await this.#elect();
    for (const leader of [...this.#leaders]) await this.#stepLeader(leader);
    await this.#people();
    this.#checker.checkTruth();
    const present = this.#present();
    // What a deposed leader still shows is old, and it has nobody to show it to for long.
    const shows = present?.name === this.#elected ? present.state : null;
    if (shows !== null) this.#checker.watch(shows, { monotonicMs: this.#clock.monotonicMs(), wallUnixMs: this.#clock.wallUnixMs() });
    this.#checker.checkCordons(shows);
  }

  #isOutage(): boolean {
    const { fromTick, ticks } = this.#faults.outage;
    return this.#tick >= fromTick && this.#tick < fromTick + ticks;
  }

  #goDark(): void {
    for (const leader of [...this.#leaders]) this.#kill(leader);
    this.#checker.tally.underWayInOutage += [...this.#agents.values()].filter(({ disrupted }) => disrupted).length;
  }

  #stepAgent(agent: ModelAgent): void {
    const { linkDown, agentCrash, powerCut, hostDies } = this.#faults;
    const happens = (probability: number): boolean => !this.#calm && this.#dice.chance(probability);
    if (agent.dead) return;
    agent.dead = happens(hostDies);
    if (agent.dead || happens(powerCut)) agent.crash(this.#tick, true);
    else if (happens(agentCrash)) agent.crash(this.#tick, false);
    else if (happens(linkDown)) agent.hangUp(this.#tick);
    if (agent.dead || agent.offTicks-- > 0) return;
    const { wire } = agent;
    // A coordinator that is gone is noticed by the silence.
    if (wire !== null && !wire.coordinatorOpen && this.#dice.chance(0.4)) agent.hangUp(this.#tick);
    if (agent.wire === null && this.#leaders.length > 0 && this.#dice.chance(0.3)) this.#dial(agent);
    agent.step(this.#tick);
  }

  #dial(agent: ModelAgent): void {
    const wire = new Wire(agent.name, this.#dice.pick(this.#leaders).name, this.#dice, this.#faults);
    this.#wires.add(wire);
    agent.dial(this.#tick, wire);
  }

  /** A follower takes over where nobody leads, and, rarely, where somebody does. */
  async #elect(): Promise<void> {
    if (this.#isOutage()) return;
    const awake = this.#leaders.some(({ frozenTicks }) => frozenTicks <= 0);
    this.#leaderlessTicks = awake ? 0 : this.#leaderlessTicks + 1;
    const usurped = !this.#calm && this.#leaders.length < 2 && this.#dice.chance(this.#faults.usurpation);
    if (this.#leaderlessTicks < 3 && !usurped && this.#tick > 1) return;
    this.#elected = `coordinator-${this.#tick}`;
    this.#leaders.push(await ModelCoordinator.lead(this.#elected, this.#around));
    this.#checker.tally.takeovers += 1;
    this.#leaderlessTicks = 0;
  }

  async #stepLeader(leader: ModelCoordinator): Promise<void> {
    const { coordinatorCrash, freeze } = this.#faults;
    if (!this.#calm && this.#dice.chance(coordinatorCrash)) return this.#kill(leader);
    if (!this.#calm && this.#dice.chance(freeze)) leader.frozenTicks = this.#dice.int(3, 15);
    if (leader.frozenTicks-- > 0) return;
    // A deposed leader that appends nothing learns it only when its lease is gone.
    if (leader !== this.#leaders.at(-1) && (this.#calm || this.#dice.chance(0.08))) return this.#kill(leader);
    for (const name of this.#agents.keys()) leader.observe(name, (before) => this.#cluster.look(name, before));
    // Proofs come late, and one is never taken for ever.
    if (this.#calm || this.#dice.chance(0.2)) leader.state.proofs = new Map(Object.keys(this.#scenario.controlPlanes).map((cluster) => [cluster, { of: '', takenUnixMs: this.#clock.wallUnixMs() }]));
    try {
      for (const wire of this.#wires) {
        if (wire.coordinator !== leader.name || !wire.coordinatorOpen) continue;
        for (const message of wire.dueFromAgent(this.#tick)) {
          await leader.receive(wire, message);
          if (message.kind === 'lost') this.#wires.delete(wire);
        }
      }
      if (this.#dice.chance(0.3)) await leader.lookAtCordons();
      await leader.tick();
    } catch (error) {
      if (!(error instanceof Deposed) && !(error instanceof Killed)) throw error;
      this.#kill(leader);
    }
  }

  #kill(leader: ModelCoordinator): void {
    this.#checker.tally.kills += 1;
    leader.kill();
    this.#leaders = this.#leaders.filter((other) => other !== leader);
    for (const wire of this.#wires) {
      if (wire.coordinator !== leader.name) continue;
      wire.coordinatorOpen = false;
      this.#wires.delete(wire);
    }
  }

  /** Commands of people, who in the calm also mend, resume and clear away. */
  async #people(): Promise<void> {
    const leader = this.#present();
    if (leader === undefined) return;
    try {
      for (const { rollout, frozen, atTick } of this.#scenario.starts) {
        if (this.#tick >= atTick && !leader.state.rollouts.has(rollout)) await leader.start(rollout, { type: 'started', frozen, by: 'ann' });
      }
      const rollouts = [...leader.state.rollouts.keys()];
      if (!this.#calm && rollouts.length > 0 && this.#dice.chance(this.#faults.person)) await this.#steer(leader, this.#dice.pick(rollouts), drawSteering(this.#dice));
      if (this.#calm && this.#tick % 10 === 0) await this.#cleanUp(leader);
    } catch (error) {
      if (!(error instanceof Deposed)) throw error;
      this.#kill(leader);
    }
  }

  async #steer(leader: ModelCoordinator, rollout: string, steering: string): Promise<void> {
    const meant = await leader.steer(rollout, steering);
    if (steering === 'STEERING_RESUME' && leader.state.rollouts.get(meant)?.status.state === 'running') this.#checker.resumed(meant);
  }

  async #cleanUp(leader: ModelCoordinator): Promise<void> {
    for (const rollout of leader.state.rollouts.values()) {
      if (rollout.status.state === 'paused') await this.#steer(leader, rollout.id, failedWave(rollout) === null ? 'STEERING_RESUME' : 'STEERING_ABORT');
    }
    for (const agent of this.#agents.values()) {
      if (!agent.dead) agent.mend(this.#tick);
      if (!agent.dead || !leader.state.nodes.has(agent.name)) continue;
      this.#checker.forgotten.add(agent.name);
      await leader.removeNode(agent.name);
    }
  }

  /** An admin stops every coordinator and puts an older store in place. */
  #restore(): void {
    this.#backups.restore(this.#tick - this.#faults.backupAgeTicks, () => {
      this.#checker.restored(Math.max(0, ...this.#leaders.map(({ state }) => state.epoch)));
      for (const leader of [...this.#leaders]) this.#kill(leader);
    });
  }

  #present(): ModelCoordinator | undefined {
    const leader = this.#leaders.toSorted((a, b) => a.state.epoch - b.state.epoch).at(-1);
    return leader === undefined || leader.frozenTicks > 0 ? undefined : leader;
  }

  #isOver(): boolean {
    const leader = this.#present();
    if (leader === undefined || leader.state.rollouts.size === 0 || leader.state.ledger.slots.size > 0 || this.#cluster.cordons().length > 0) return false;
    if ([...leader.state.rollouts.values()].some(({ status }) => status.state !== 'ended')) return false;
    return [...this.#agents.values()].every((agent) => agent.dead || (agent.work === null && hasReported(leader.state.nodes.get(agent.name))));
  }

  #whatIsLeft(): string {
    const leader = this.#present();
    const rollouts = [...(leader?.state.rollouts.values() ?? [])].map(({ id, status, nodes }) => `${id} ${status.state} ${[...nodes].map(([name, node]) => `${name}:${node.state}`).join(' ')}`);
    const hosts = [...this.#agents.values()].filter((agent) => agent.work !== null).map((agent) => `${agent.name} ${agent.work?.rollout} ${agent.work?.generation} ${agent.work?.phase}`);
    return [...rollouts, ...hosts, `cordons ${this.#cluster.cordons().join(' ')}`, `slots ${JSON.stringify([...(leader?.state.ledger.slots.values() ?? [])])}`].join('; ');
  }

  /** Nothing lives only in memory: a restart folds to the same state. */
  async #checkRestart(): Promise<void> {
    const leader = this.#present();
    const [held, loaded] = [leader?.name === this.#elected ? leader.state : undefined, await loadState(this.#around.store, FLEET, this.#clock)];
    const journals = (state: typeof loaded): unknown => [...state.nodes].map(([name, { journal }]) => [name, journal.lastSequence, [...journal.assignments]]);
    const durable = (state: typeof loaded): string => JSON.stringify([[...state.rollouts].map(([id, { nodes, ...rest }]) => [id, rest, [...nodes]]).toSorted(), [...state.ledger.slots], journals(state)]);
    if (held !== undefined && durable(held) !== durable(loaded)) this.#checker.breaches.push('a restart folds the logs to another state');
  }
}

/** To this leader: what a leader before it kept last is unknown to it until the agent comes back. */
function hasReported(view: NodeView | undefined): boolean {
  return view?.session.state === 'connected' && view.session.reported;
}

function drawSteering(dice: Dice): string {
  return dice.pick(['STEERING_PAUSE', 'STEERING_PAUSE', 'STEERING_RESUME', 'STEERING_RESUME', 'STEERING_ABORT', 'STEERING_ROLLBACK']);
}
