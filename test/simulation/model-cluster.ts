import { setImmediate } from 'node:timers/promises';

import type { ClusterView } from '../../coordinator/core/world.ts';
import type { Cordon, CordonedNodes, Drain, DrainTrouble } from '../../coordinator/ports/drain.ts';
import { MemoryCluster } from '../support/memory-cluster.ts';
import { cordonOf, memoryDrain } from '../support/memory-drain.ts';
import type { Dice } from '../support/seeded-dice.ts';
import type { Faults } from './faults.ts';

const UNHEARD: DrainTrouble = { ok: false, code: 'api-unreachable', message: 'no answer', object: '' };
const OTHERS: Cordon = { fleet: 'other', rollout: 'theirs', epoch: 1 };
const REPLICAS = 2;

interface Call {
  readonly runTick: number;
  readonly answerTick: number;
  readonly run: () => Promise<void>;
  /** With what came of it by now. */
  readonly answer: () => void;
  state: { ran: boolean; answered: boolean };
}

/**
 * A cluster whose API server takes its time: what it did may not be heard of, and what nobody waits for any more may still be
 * done. Pods of its own stand on every node, and persons and other fleets cordon nodes too.
 */
export class ModelCluster {
  readonly #truth: MemoryCluster;
  readonly #drain: Drain;
  readonly #dice: Dice;
  readonly #faults: Faults;
  readonly #nodes: readonly string[];
  readonly #apps: readonly string[];
  readonly #byPersons = new Set<string>();
  readonly #byOthers = new Set<string>();
  readonly #late = new Set<string>();
  #calls: readonly Call[] = [];
  #tick = 0;
  #isCalm = false;
  #downTicks = 0;

  constructor(nodes: readonly string[], dice: Dice, faults: Faults) {
    this.#truth = new MemoryCluster(nodes);
    this.#drain = memoryDrain(this.#truth);
    this.#dice = dice;
    this.#faults = faults;
    this.#nodes = nodes;
    this.#apps = nodes.flatMap((_, index) => (index % 2 === 0 ? [`app-${index}`] : []));
    for (const app of this.#apps) this.#truth.budget(app, app, 1);
    for (const node of nodes) {
      this.#truth.run(node, { app: 'net', kind: 'daemon' });
      if (dice.chance(faults.stubbornPods)) this.#runStubborn(node);
    }
    this.#replenish();
  }

  /** The port as one coordinator reaches it; `isAlive` says whether anybody still waits there. */
  portFor(isAlive: () => boolean, uncordonsPersons: boolean): Drain {
    return {
      cordon: (node, by, signal) => this.#ask(isAlive, node, () => this.#drain.cordon(node, by, signal)),
      drain: (node, by, signal) => this.#ask(isAlive, node, () => this.#drain.drain(node, by, signal)),
      restore: (node, by, signal) => this.#ask(isAlive, node, async () => {
        const restored = await this.#drain.restore(node, by, signal);
        const found = this.#truth.node(node);
        if (uncordonsPersons && restored.ok && found !== null) found.unschedulable = false;
        return restored;
      }),
      cordoned: (fleet, signal) => this.#ask<CordonedNodes>(isAlive, '', () => this.#drain.cordoned(fleet, signal)),
    };
  }

  /** One tick of the API server, the controllers, persons and other fleets. */
  async step(tick: number, calm: boolean): Promise<void> {
    this.#tick = tick;
    this.#isCalm = calm;
    if (calm) this.#calmDown();
    else this.#misbehave();
    this.#truth.isReachable = this.#downTicks-- <= 0;
    for (const call of this.#calls) {
      if (!call.state.ran && call.runTick <= tick) await call.run();
      if (!call.state.answered && call.answerTick <= tick) call.answer();
    }
    this.#calls = this.#calls.filter(({ state }) => !state.ran || !state.answered);
    if (this.#dice.chance(0.5)) this.#truth.pass();
    this.#replenish();
    // Whoever waited for an answer goes on.
    await setImmediate();
  }

  isUp(): boolean {
    return this.#truth.isReachable;
  }

  /** What a coordinator knows of a node now, which it asks about now and then; null where it never heard of it. */
  look(node: string, before: ClusterView | null): ClusterView | null {
    const { notReady, personCordons, apiDown } = this.#faults;
    if (notReady + personCordons + apiDown === 0 || !this.#dice.chance(0.1)) return before;
    if (!this.isUp()) return before === null ? null : { ...before, silent: true };
    return { ready: this.#isCalm || !this.#dice.chance(notReady * 10), unschedulable: this.#byPersons.has(node) };
  }

  /** What stands on the node, whoever can reach it. */
  cordonOn(node: string): Cordon | null {
    return this.#looking(() => {
      const found = this.#truth.node(node);
      const cordon = found === null ? null : cordonOf(found);
      return cordon?.fleet === OTHERS.fleet ? null : cordon;
    });
  }

  cordons(): readonly string[] {
    return this.#nodes.filter((node) => this.cordonOn(node) !== null);
  }

  /** Its cordon came after whoever asked for it had stopped waiting: nobody could know. */
  isLate(node: string): boolean {
    return this.#late.has(node);
  }

  /** Pods that should have left. */
  podsLeftOn(node: string): readonly string[] {
    return this.#looking(() => this.#truth.podsOn(node).filter(({ kind }) => kind !== 'daemon').map(({ name }) => name));
  }

  /** Cordons of persons and of other fleets that somebody else took away. */
  wronged(): readonly string[] {
    return this.#looking(() => [
      ...[...this.#byPersons].filter((node) => this.#truth.node(node)?.unschedulable !== true).map((node) => `${node} was uncordoned, which a person had cordoned`),
      ...[...this.#byOthers].filter((node) => cordonOf(this.#truth.node(node)!)?.fleet !== OTHERS.fleet).map((node) => `${node} lost the cordon of another fleet`),
    ]);
  }

  async #ask<Result>(isAlive: () => boolean, node: string, work: () => Promise<Result | DrainTrouble>): Promise<Result | DrainTrouble> {
    const { apiUnheard, apiDelayMaxTicks } = this.#faults;
    const isLost = this.#dice.chance(apiUnheard);
    const runTick = this.#tick + 1 + this.#dice.int(0, apiDelayMaxTicks);
    const answerTick = isLost ? this.#tick + 1 : runTick + this.#dice.int(0, apiDelayMaxTicks);
    return await new Promise((resolve) => {
      const state = { ran: false, answered: false };
      let result: Result | DrainTrouble = UNHEARD;
      const run = async (): Promise<void> => {
        state.ran = true;
        const before = node === '' ? null : this.cordonOn(node);
        result = await work().catch(() => UNHEARD);
        if (node === '') return;
        const isNew = before === null && this.cordonOn(node) !== null;
        if (isNew && (state.answered || !isAlive())) this.#late.add(node);
        else if (this.cordonOn(node) === null || isNew) this.#late.delete(node);
      };
      const answer = (): void => {
        state.answered = true;
        resolve(result);
      };
      this.#calls = [...this.#calls, { runTick, answerTick, run, answer, state }];
    });
  }

  #misbehave(): void {
    const { apiDown, personCordons } = this.#faults;
    if (this.#downTicks < 0 && this.#dice.chance(apiDown)) this.#downTicks = this.#dice.int(1, 20);
    if (!this.#truth.isReachable || !this.#dice.chance(personCordons)) return;
    const node = this.#dice.pick(this.#nodes);
    const isOther = this.#dice.chance(0.3);
    if (this.#byPersons.has(node) || this.#byOthers.has(node)) this.#uncordon(node);
    else if (!isOther) this.#cordonByPerson(node);
    else if (cordonOf(this.#truth.node(node)!) === null) this.#cordonByOthers(node);
  }

  #calmDown(): void {
    this.#downTicks = 0;
    this.#truth.isReachable = true;
    for (const node of this.#nodes) {
      this.#uncordon(node);
      this.#truth.budget(`stubborn-${node}`, `stubborn-${node}`, 0);
    }
  }

  #cordonByPerson(node: string): void {
    this.#byPersons.add(node);
    this.#truth.node(node)!.unschedulable = true;
  }

  #cordonByOthers(node: string): void {
    this.#byOthers.add(node);
    void this.#drain.cordon(node, OTHERS, new AbortController().signal);
  }

  #uncordon(node: string): void {
    if (this.#byPersons.delete(node)) this.#truth.node(node)!.unschedulable = false;
    if (this.#byOthers.delete(node)) void this.#drain.restore(node, OTHERS, new AbortController().signal);
  }

  /** One pod that its budget never lets go. */
  #runStubborn(node: string): void {
    const app = `stubborn-${node}`;
    this.#truth.budget(app, app, 1);
    this.#truth.run(node, { app, kind: 'replicated' });
  }

  /** As a ReplicaSet: what nobody could take in for a while is made again. */
  #replenish(): void {
    this.#looking(() => {
      const free = this.#nodes.filter((node) => this.#truth.node(node)?.taints.size === 0 && !this.#truth.node(node)!.unschedulable);
      for (const app of this.#apps) {
        const running = this.#nodes.flatMap((node) => this.#truth.podsOn(node)).filter((pod) => pod.app === app).length;
        for (let missing = REPLICAS - running; missing > 0 && free.length > 0; missing--) this.#truth.run(free[missing % free.length]!, { app, kind: 'replicated' });
      }
    });
  }

  #looking<Seen>(look: () => Seen): Seen {
    const { isReachable } = this.#truth;
    this.#truth.isReachable = true;
    try {
      return look();
    } finally {
      this.#truth.isReachable = isReachable;
    }
  }
}
