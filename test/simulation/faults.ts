import { type Dice, seededDice } from '../support/seeded-dice.ts';

/** Everything that goes wrong in one run; printed first when a run fails. Probabilities are a tick and a party. */
export interface Faults {
  readonly seed: number;
  readonly nodes: number;
  readonly clusters: number;
  readonly zones: number;
  readonly rollouts: number;
  readonly loss: number;
  readonly duplication: number;
  readonly ghosts: number;
  readonly delayMaxTicks: number;
  readonly linkDown: number;
  readonly agentCrash: number;
  readonly powerCut: number;
  readonly hostDies: number;
  readonly coordinatorCrash: number;
  readonly crashWhilePerforming: number;
  readonly usurpation: number;
  readonly freeze: number;
  /** Ticks at which the store is restored from a backup of `backupAgeTicks` before. */
  readonly restores: readonly number[];
  readonly backupAgeTicks: number;
  readonly person: number;
  readonly stepFails: number;
  readonly hostSticks: number;
  readonly notReady: number;
  /** A node has a pod that no drain gets rid of. */
  readonly stubbornPods: number;
  /** The API server is away for a while. */
  readonly apiDown: number;
  /** What it was asked for may be done late and is not answered, of each call. */
  readonly apiUnheard: number;
  readonly apiDelayMaxTicks: number;
  /** A person, or another fleet, cordons a node or takes that back. */
  readonly personCordons: number;
  /** No coordinator runs for so many ticks from this one on. */
  readonly outage: { readonly fromTick: number; readonly ticks: number };
  /** A step takes up to so long. */
  readonly stepTicksMax: number;
}

export const CHAOS_TICKS = 300;

/** Nothing goes wrong at all. */
export const NO_FAULTS: Partial<Faults> = {
  ...{ loss: 0, duplication: 0, ghosts: 0, delayMaxTicks: 0, linkDown: 0, agentCrash: 0, powerCut: 0, hostDies: 0, coordinatorCrash: 0 },
  ...{ crashWhilePerforming: 0, usurpation: 0, freeze: 0, restores: [], person: 0, stepFails: 0, hostSticks: 0, notReady: 0 },
  ...{ stubbornPods: 0, apiDown: 0, apiUnheard: 0, personCordons: 0 },
};

export function drawFaults(seed: number): Faults {
  const dice = seededDice(seed);
  const rare = (most: number): number => (dice.chance(0.5) ? 0 : dice.unit() * most);
  return {
    seed,
    nodes: dice.int(3, 8),
    clusters: dice.int(1, 3),
    zones: dice.int(1, 2),
    rollouts: dice.int(1, 3),
    loss: rare(0.3),
    duplication: rare(0.3),
    ghosts: rare(0.8),
    delayMaxTicks: dice.int(0, 6),
    linkDown: rare(0.03),
    agentCrash: rare(0.03),
    powerCut: rare(0.015),
    hostDies: rare(0.0005),
    coordinatorCrash: rare(0.02),
    crashWhilePerforming: rare(0.03),
    usurpation: rare(0.03),
    freeze: rare(0.03),
    restores: restores(dice),
    backupAgeTicks: dice.int(5, 30),
    person: rare(0.05),
    stepFails: rare(0.3),
    hostSticks: rare(0.1),
    notReady: rare(0.01),
    stubbornPods: rare(0.2),
    apiDown: rare(0.02),
    apiUnheard: rare(0.3),
    apiDelayMaxTicks: dice.int(0, 4),
    personCordons: rare(0.05),
    outage: { fromTick: 0, ticks: 0 },
    stepTicksMax: dice.pick([2, 6, 20]),
  };
}

function restores(dice: Dice): readonly number[] {
  return dice.chance(0.5) ? Array.from({ length: dice.int(1, 5) }, () => dice.int(40, CHAOS_TICKS)) : [];
}
