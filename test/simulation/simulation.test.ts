import { describe, expect, test } from 'vitest';

import { SAFE_RULES } from '../../coordinator/core/rules.ts';
import { emptyTally, type Tally } from './checker.ts';
import { type Faults, NO_FAULTS } from './faults.ts';
import { simulate, type SimulationOptions, type SimulationResult } from './simulate.ts';

/** FARRIER_SEEDS=5000 looks further, FARRIER_SEED=17 looks at one. */
const [ONLY, SEEDS] = [Number(process.env['FARRIER_SEED'] ?? 0), Number(process.env['FARRIER_SEEDS'] ?? 200)];
const TIMEOUT_MS = 60_000 + SEEDS * 200;

/** Backups are put in place again and again while steps take long and commands outlive their sessions. */
const RESTORED_OFTEN: Partial<Faults> = {
  ...{ restores: Array.from({ length: 16 }, (_, index) => 40 + 17 * index), backupAgeTicks: 15, ghosts: 1, linkDown: 0.05, delayMaxTicks: 6 },
  ...{ loss: 0, usurpation: 0, freeze: 0, coordinatorCrash: 0, crashWhilePerforming: 0, agentCrash: 0, nodes: 8, rollouts: 3, person: 0, stepFails: 0, notReady: 0 },
};

/** 40 minutes at a second a tick, while hosts are under way. */
const OUTAGE: Partial<Faults> = { ...NO_FAULTS, outage: { fromTick: 120, ticks: 2_400 }, nodes: 4, rollouts: 1, stepTicksMax: 60 };

describe('the production core among failing agents and coordinators', () => {
  test('never breaks an invariant, and comes to an end', async () => {
    const tally = emptyTally();
    const [first, last] = ONLY > 0 ? [ONLY, ONLY] : [1, SEEDS];
    for (let seed = first; seed <= last; seed++) {
      if (ONLY > 0) console.log(`seed ${seed}`);
      const result = await simulate(seed);
      expect(story(result)).toBe('');
      add(tally, result.tally);
    }
    if (ONLY === 0) expectSomethingHappened(tally, SEEDS / 200);
  }, TIMEOUT_MS);

  test('never breaks an invariant while its store is restored again and again', async () => {
    const tally = emptyTally();
    for (let seed = 1; seed <= 60; seed++) {
      const result = await simulate(seed, { faults: RESTORED_OFTEN });
      expect(story(result)).toBe('');
      add(tally, result.tally);
    }
    expect(tally.slotAdoptions, 'hosts whose slot the store had forgotten').toBeGreaterThan(3);
    expect(tally.adoptions, 'assignments that the store had forgotten').toBeGreaterThan(40);
  }, TIMEOUT_MS);

  test('with onSilence: keep an outage of 40 minutes reverts nothing', async () => {
    const tally = emptyTally();
    for (let seed = 1; seed <= 20; seed++) {
      const result = await simulate(seed, { faults: OUTAGE });
      expect(story(result)).toBe('');
      expect(Object.values(result.ends).every((end) => end === 'completed'), JSON.stringify(result.ends)).toBe(true);
      add(tally, result.tally);
    }
    expect(tally.failures).toBe(0);
    expect(tally.underWayInOutage, 'hosts in the middle, tick by tick').toBeGreaterThan(500);
    expect(tally.begun).toBeGreaterThan(50);
  }, TIMEOUT_MS);

  test('an agent that takes the outage for its own failure reverts', async () => {
    const tally = emptyTally();
    for (let seed = 1; seed <= 10; seed++) add(tally, (await simulate(seed, { faults: OUTAGE, agentsRevertWhenCutOffTicks: 60 })).tally);
    expect(tally.failures).toBeGreaterThan(0);
  }, TIMEOUT_MS);

  test('happens again exactly as its seed says', async () => {
    expect(await simulate(7)).toEqual(await simulate(7));
  });
});

/** Judged by the truth on the hosts alone: who recounts grants would see the fault in the rule, not its harm. Where a grant is the harm, grants are recounted. */
describe('the simulation catches', () => {
  test.each<[string, SimulationOptions, RegExp, number]>([
    ['a slot that time returns', { rules: { ...SAFE_RULES, slotTimeoutMs: 20_000 } }, /^I1/u, 30],
    ['a budget that is off by one', { rules: { ...SAFE_RULES, budgetSlack: 1 } }, /^I1/u, 10],
    ['two control-plane nodes of one cluster', { rules: { ...SAFE_RULES, controlPlanesPerCluster: 2 } }, /^I2/u, 100],
    ['a silent host that counts as available', { rules: { ...SAFE_RULES, countsUnreported: false }, faults: { ...RESTORED_OFTEN, stepTicksMax: 20, ghosts: 0 } }, /^I1/u, 100],
    ['a permit before the node is drained', { rules: { ...SAFE_RULES, permitsWaitForDrains: false } }, /^I9 .* before it was drained/u, 10],
    ['a slot returned before its cordon is gone', { rules: { ...SAFE_RULES, slotsWaitForRestores: false } }, /^I9 the slot/u, 10],
    ['a slot beside hosts that go back and are one too many', { rules: { ...SAFE_RULES, slotsStopBeforeFailures: false }, truthOnly: false }, /^I7 slot .* failures/u, 100],
    ['an uncordoning that takes away what a person did', { uncordonsPersons: true, faults: { personCordons: 0.05 } }, /^I9 .* a person had cordoned/u, 10],
    ['an agent that takes what a deposed leader signed', { agentsCheckEpoch: false, faults: RESTORED_OFTEN }, /^I5/u, 40],
  ])('%s', async (_, options, breach, seedsMax) => {
    for (let seed = 1; seed <= seedsMax; seed++) {
      const { breaches } = await simulate(seed, { truthOnly: true, ...options });
      if (breaches.some((text) => breach.test(text))) return;
    }
    expect.fail(`no run of ${seedsMax} broke ${breach}`);
  }, TIMEOUT_MS);
});

/** Seed and faults first; empty where nothing broke. */
function story({ faults, breaches, ticks }: SimulationResult): string {
  if (breaches.length === 0) return '';
  return `seed ${faults.seed}: FARRIER_SEED=${faults.seed}\n${JSON.stringify(faults)}\nafter ${ticks} ticks: ${breaches.join('; ')}\n`;
}

function add(to: Tally, from: Tally): void {
  for (const key of Object.keys(from) as (keyof Tally)[]) to[key] += from[key];
}

/** A simulation in which nothing happens proves nothing. `scale` 1 is 200 seeds. */
function expectSomethingHappened(tally: Tally, scale: number): void {
  const atLeast: Partial<Tally> = {
    ...{ grants: 1_000, lastUnits: 900, repairs: 40, begun: 1_000, failures: 50, recalls: 400, adoptions: 50, returns: 100 },
    ...{ deferrals: 5, shownPaused: 80, pauses: 20, rollbacks: 10, takeovers: 1_000, restores: 100, kills: 800, slotAdoptions: 5, controlPlaneTicks: 1_000, hops: 20 },
    ...{ drained: 500, givenUp: 10, cordonedTicks: 10_000, strays: 15 },
  };
  for (const [key, count] of Object.entries(atLeast) as [keyof Tally, number][]) {
    expect(tally[key], `${key} in ${JSON.stringify(tally)}`).toBeGreaterThanOrEqual(Math.floor(count * scale));
  }
}
