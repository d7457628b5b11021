import { setTimeout as sleep } from 'node:timers/promises';

import type { StepSpec } from '../../../shared/domain/step-spec.ts';
import type { Host } from '../../fleet/host.ts';
import type { LonelyHost, Look } from '../../fleet/lonely-host.ts';
import { isReady, type KubernetesCluster } from '../../fleet/stand-ins/kubernetes-cluster.ts';
import { differsFromOld, nodeState } from './node-state.ts';
import type { Track } from './sweep-case.ts';

const READY_MAX_MS = 120_000;
const SETTLED_MAX_MS = 30_000;
/** A look at a whole node costs the better part of a second of a core. */
const LOOK_EVERY_MS = 1000;
/** kubeadm on a control plane, with others at work beside it; and once more by a person. */
export const OVER_MAX_MS = 360_000;

export interface StandParts {
  readonly lonely: LonelyHost;
  readonly cluster: KubernetesCluster;
  /** What goes back with it: its cluster where it is one of several members of a datastore, else itself. */
  readonly together: readonly Host[];
  readonly stepsOf: (track: Track) => readonly StepSpec[];
}

/** A node whose state before is known, and can be brought back. */
export class Stand {
  readonly lonely: LonelyHost;
  readonly cluster: KubernetesCluster;
  readonly stepsOf: (track: Track) => readonly StepSpec[];
  /** False once it may be anything else than what it was. */
  isOld = true;
  readonly #together: readonly Host[];
  #old = '';
  #generation = 0;

  private constructor({ lonely, cluster, together, stepsOf }: StandParts) {
    this.lonely = lonely;
    this.cluster = cluster;
    this.stepsOf = stepsOf;
    this.#together = together;
  }

  /** As it is now, which is what every restore brings back. */
  static async of(parts: StandParts): Promise<Stand> {
    const stand = new Stand(parts);
    await Promise.all(parts.together.map((host) => host.snapshot()));
    await stand.#boot();
    stand.#old = await stand.settledState();
    return stand;
  }

  get host(): Host {
    return this.lonely.host;
  }

  /** The state before. */
  get old(): string {
    return this.#old;
  }

  nextGeneration(): number {
    this.#generation += 1;
    return this.#generation;
  }

  state(): Promise<string> {
    return nodeState(this.host, this.cluster);
  }

  /** Its snapshot, unless it is as it was. @throws where it does not get there */
  async bringBack(): Promise<void> {
    if (this.isOld) return;
    await Promise.all(this.#together.map((host) => host.restore()));
    await this.#boot();
    const deadline = performance.now() + SETTLED_MAX_MS;
    for (;;) {
      const differs = differsFromOld(this.#old, await this.state());
      this.isOld = differs.length === 0;
      if (this.isOld) return;
      if (performance.now() > deadline) throw new Error(`${this.host.name} is not as it was once its snapshot is back: ${differs.slice(0, 12).join('; ')}`);
      await sleep(LOOK_EVERY_MS);
    }
  }

  /** Waits until the assignment has come to an end that `holds`, also over boots. */
  async over(generation: number, holds: (look: Look) => boolean = ({ end }) => end !== null): Promise<Look> {
    const deadline = performance.now() + OVER_MAX_MS;
    for (let last = ''; ; await sleep(LOOK_EVERY_MS)) {
      await this.lonely.atRest(OVER_MAX_MS);
      try {
        const look = await this.lonely.look(generation);
        if (!look.running && holds(look)) return look;
        last = look.kinds.join(' ');
      } catch (error) {
        // It is on its way down or up.
        last = String(error);
      }
      if (performance.now() > deadline) throw new Error(`${this.host.name} does not come to an end: ${last}`);
    }
  }

  /** Waits for a state that stays. */
  async settledState(): Promise<string> {
    const deadline = performance.now() + SETTLED_MAX_MS;
    for (let last = await this.state(); ; ) {
      await sleep(LOOK_EVERY_MS);
      const now = await this.state();
      if (now === last) return now;
      if (performance.now() > deadline) throw new Error(`${this.host.name} does not settle: ${differsFromOld(last, now).join('; ')}`);
      last = now;
    }
  }

  async #boot(): Promise<void> {
    await Promise.all(this.#together.map((host) => host.boot()));
    const bootIds = new Map(await Promise.all(this.#together.map(async (host) => [host.name, (await host.peek(['cat', '/proc/sys/kernel/random/boot_id'])).stdout.trim()] as const)));
    await this.cluster.until(READY_MAX_MS, async () => {
      const nodes = (await this.cluster.nodes()).filter(({ metadata }) => bootIds.has(metadata.name));
      // What a kubelet said before its host went down is no news.
      return nodes.length === bootIds.size && nodes.every((node) => isReady(node) && node.status.nodeInfo?.['bootID'] === bootIds.get(node.metadata.name));
    }, LOOK_EVERY_MS);
  }
}
