import { steer } from '../../coordinator/api/steer-rollout.ts';
import { hopAtHand } from '../../coordinator/core/chain.ts';
import { decide } from '../../coordinator/core/decide.ts';
import type { Decision } from '../../coordinator/core/decision.ts';
import type { LedgerEvent } from '../../coordinator/core/ledger-event.ts';
import type { RolloutEventBody } from '../../coordinator/core/rollout-event.ts';
import type { Rules } from '../../coordinator/core/rules.ts';
import type { ClusterView, Now, World } from '../../coordinator/core/world.ts';
import type { EventStore } from '../../coordinator/ports/event-store.ts';
import type { Drain } from '../../coordinator/ports/drain.ts';
import { DrainCalls } from '../../coordinator/runtime/drain-calls.ts';
import { FleetLog } from '../../coordinator/runtime/fleet-log.ts';
import { type FleetState, nowOf, updateNode } from '../../coordinator/runtime/fleet-state.ts';
import { freezeRollback } from '../../coordinator/runtime/freeze-rollback.ts';
import { Intake } from '../../coordinator/runtime/intake.ts';
import { loadState } from '../../coordinator/runtime/load-state.ts';
import { raiseEpoch } from '../../coordinator/runtime/raise-epoch.ts';
import { newestEpoch } from '../../coordinator/runtime/watch-cordons.ts';
import type { FleetPolicy } from '../../shared/domain/policy.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { silentLogger } from '../support/silent-logger.ts';
import { FLEET } from './scenario.ts';
import type { Command, FromAgent, ToAgent, Wire } from './wire.ts';

const ROUNDS_MAX = 20;

/** A coordinator that was killed in the middle of its work. */
export class Killed extends Error {}

export interface Surroundings {
  readonly store: EventStore;
  readonly clock: Clock;
  readonly policy: FleetPolicy;
  readonly rules: Rules;
  readonly tick: () => number;
  /** Throws Killed where the dice say so. */
  readonly mayDie: () => void;
  readonly audit: (world: World, now: Now, decisions: readonly Decision[]) => void;
  /** Durable in the ledger from now on, which had these slots before. */
  readonly granted: (events: readonly LedgerEvent[], slots: World['ledger']['slots']) => void;
  readonly ended: (rollout: string, slots: World['ledger']['slots']) => void;
  readonly drainFor: (isAlive: () => boolean) => Drain;
}

/** Production's decide, folds, log and intake, around a shell that can be killed between any two steps. */
export class ModelCoordinator {
  readonly name: string;
  readonly state: FleetState;
  readonly wires = new Map<string, Wire>();
  frozenTicks = 0;
  readonly #log: FleetLog;
  readonly #intake: Intake;
  readonly #around: Surroundings;
  readonly #drains: DrainCalls;
  #isAlive = true;
  #isLooking = false;

  private constructor(name: string, state: FleetState, around: Surroundings) {
    this.name = name;
    this.state = state;
    this.#around = around;
    this.#log = new FleetLog(around.store, state, around.clock);
    this.#intake = new Intake(state, this.#log, around.clock, silentLogger, () => undefined);
    const drain = around.drainFor(() => this.#isAlive);
    this.#drains = new DrainCalls({ state, drain, clock: around.clock, logger: silentLogger, changed: () => undefined });
  }

  /** Leads from here on. @throws Deposed where somebody else was faster. */
  static async lead(name: string, around: Surroundings): Promise<ModelCoordinator> {
    const state = await loadState(around.store, FLEET, around.clock);
    state.policy = around.policy;
    const one = new ModelCoordinator(name, state, around);
    await raiseEpoch(state, one.#log, name, around.clock, state.ledger.epoch);
    return one;
  }

  async receive(wire: Wire, message: FromAgent): Promise<void> {
    const tick = this.#around.tick();
    switch (message.kind) {
      case 'hello': {
        const before = this.wires.get(wire.node);
        if (before !== undefined) before.coordinatorOpen = false;
        this.wires.set(wire.node, wire);
        if (!this.state.nodes.has(wire.node)) return;
        const above = this.#intake.epochToExceed(wire.node, message.hello);
        if (above !== null) await this.#raiseAbove(above);
        const held = this.#intake.connected(wire.node, message.hello);
        wire.toAgent(tick, { kind: 'welcome', journalId: held.journalId, sequence: held.journalSequence, epoch: this.state.epoch });
        return;
      }
      case 'lost':
        if (this.wires.get(wire.node) !== wire) return;
        this.wires.delete(wire.node);
        return this.#intake.lost(wire.node);
      case 'reports': {
        if (!this.state.nodes.has(wire.node)) return;
        await this.#intake.reports(wire.node, message.records);
        this.#around.mayDie();
        const last = message.records.at(-1)!;
        return wire.toAgent(tick, { kind: 'ack', journalId: last.journalId, sequence: last.sequence });
      }
      case 'permit-request':
        if (this.state.nodes.has(wire.node) && this.wires.get(wire.node) === wire) this.#intake.permitRequested(wire.node, message.request);
    }
  }

  /** What its calls were to do may still be done; nobody hears of it. */
  kill(): void {
    this.#isAlive = false;
    this.#drains.close();
  }

  /** As runtime/watch-cordons.ts does. */
  async lookAtCordons(): Promise<void> {
    const newest = newestEpoch(this.state);
    if (newest > this.state.epoch) await this.#raiseAbove(newest);
    if (this.#isLooking) return;
    this.#isLooking = true;
    void this.#drains.look(new AbortController().signal).finally(() => {
      this.#isLooking = false;
    });
  }

  async #raiseAbove(above: number): Promise<void> {
    await raiseEpoch(this.state, this.#log, this.name, this.#around.clock, above);
    this.#intake.epochRaised();
  }

  /** Observe, decide, append, act, as runtime/controller.ts does. */
  async tick(): Promise<void> {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const [world, now] = [this.state, nowOf(this.#around.clock)];
      const decisions = decide(world, now, this.#around.rules);
      this.#around.audit(world, now, decisions);
      let appended = false;
      for (const decision of decisions) {
        this.#around.mayDie();
        appended = (await this.#perform(decision)) || appended;
      }
      if (!appended) return;
    }
    throw new Error(`decisions did not settle in ${ROUNDS_MAX} rounds`);
  }

  /** A person's command, between two ticks. @returns the rollout that it meant: the hop at hand. */
  async steer(rollout: string, steering: string): Promise<string> {
    const asked = this.state.rollouts.get(rollout);
    if (asked === undefined) return rollout;
    const atHand = hopAtHand(this.state.rollouts, asked);
    let event: RolloutEventBody | null = null;
    try {
      event = steer(this.state, atHand, steering, 'ann', 'because');
    } catch {
      return atHand.id;
    }
    if (event !== null) await this.#log.rolloutNow(atHand.id, event);
    return atHand.id;
  }

  async start(rollout: string, event: RolloutEventBody): Promise<void> {
    await this.#log.rolloutNow(rollout, event);
  }

  /** `farrier node forget`, then `node remove`. */
  async removeNode(node: string): Promise<void> {
    const { epoch, ledger, nodes } = this.state;
    if (ledger.slots.has(node)) await this.#log.ledger([{ type: 'slot-forgotten', epoch, node, by: 'ann', why: 'scrapped' }]);
    const record = await this.#around.store.getRecord(`node/${node}`);
    if (record !== null) await this.#around.store.deleteRecord(record.key, record.revision);
    nodes.delete(node);
  }

  /** What the cluster says of a node. */
  observe(node: string, look: (before: ClusterView | null) => ClusterView | null): void {
    if (this.state.nodes.has(node)) updateNode(this.state, node, (view) => ({ ...view, cluster: look(view.cluster) }));
  }

  async #perform(decision: Decision): Promise<boolean> {
    switch (decision.kind) {
      case 'ledger': {
        const { slots } = this.state.ledger;
        await this.#log.ledger(decision.events);
        this.#around.granted(decision.events, slots);
        return true;
      }
      case 'rollout':
        await this.#log.rollout(decision.rollout, decision.events);
        if (decision.events.some(({ type }) => type === 'ended')) this.#around.ended(decision.rollout, this.state.ledger.slots);
        return true;
      case 'assign': {
        const { rollout, node, generation } = decision;
        const { digest } = this.state.rollouts.get(rollout)!.frozen.targets[node]!;
        const command: Command = { rollout, generation, epoch: this.state.epoch, digest };
        await this.#log.rolloutNow(rollout, { type: 'assigned', node, generation, epoch: this.state.epoch, digest, envelope: JSON.stringify(command) });
        return true;
      }
      case 'start-rollback': {
        const rollback = `${decision.rollout}-back${this.state.rollouts.size}`;
        await this.#log.rolloutNow(rollback, { type: 'started', frozen: freezeRollback(this.state.rollouts.get(decision.rollout)!), by: 'farrier' });
        this.#around.mayDie();
        await this.#log.rolloutNow(decision.rollout, { type: 'rollback-started', rollback });
        return true;
      }
      case 'start-hop':
        await this.#log.rolloutNow(decision.hop, { type: 'started', frozen: this.state.rollouts.get(decision.rollout)!.frozen.chain!.next!, by: 'ann' });
        return true;
      case 'permit': {
        const { rollout, node, generation, requestId } = decision;
        await this.#log.rolloutNow(rollout, { type: 'permit-issued', node, generation, requestId });
        this.#around.mayDie();
        const { digest } = this.state.rollouts.get(rollout)!.frozen.targets[node]!;
        this.#send(node, { kind: 'permit', rollout, generation, epoch: this.state.epoch, digest, requestId, validForMs: this.state.policy.permitValidForMs });
        return true;
      }
      case 'send-assignment': {
        const node = this.state.rollouts.get(decision.rollout)?.nodes.get(decision.node);
        if (node?.state !== 'assigned') throw new Error(`${decision.node} has no assignment to send`);
        if (node.envelope !== null) this.#send(decision.node, { kind: 'assignment', ...(JSON.parse(node.envelope) as Command) });
        return false;
      }
      case 'offer-permit':
        this.#send(decision.node, { kind: 'permit-offer', rollout: decision.rollout, generation: decision.generation });
        return false;
      case 'recall':
        this.#send(decision.node, { kind: 'recall', rollout: decision.rollout, generation: decision.generation });
        return false;
      case 'cordon':
      case 'drain':
      case 'restore':
        this.#drains.ask(decision);
        return false;
    }
  }

  #send(node: string, message: ToAgent): void {
    const wire = this.wires.get(node);
    if (wire === undefined) return;
    if (message.kind === 'assignment' || message.kind === 'permit') this.#intake.commanded(node);
    wire.toAgent(this.#around.tick(), message);
  }
}
