import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';

import { decide } from '../../coordinator/core/decide.ts';
import type { Decision } from '../../coordinator/core/decision.ts';
import type { LedgerEvent, Slot } from '../../coordinator/core/ledger-event.ts';
import { SAFE_RULES } from '../../coordinator/core/rules.ts';
import type { World } from '../../coordinator/core/world.ts';
import { applyDecisions } from '../support/apply-decisions.ts';
import { arbitraryControlPlane, arbitraryDrain, arbitraryFailing, arbitraryRestore, arbitraryWorld } from '../support/arbitrary-world.ts';
import { auditCordons } from '../support/cordon-breaches.ts';
import { auditGrants } from '../support/worst-case.ts';
import { later, NOW } from '../support/world-builder.ts';

const RUNS = 3_000;
const ROUNDS_MAX = 8;

/** How many of the worlds were really about the property: a generator that never comes near a limit proves nothing. */
const seen = { grants: 0, lastUnits: 0, refused: 0, repairs: 0, assigned: 0, shared: 0, opened: 0, stopped: 0, recalled: 0, controlPlanes: 0, quorumRefused: 0, drained: 0, cordons: 0, kept: 0, strays: 0, failing: 0, restores: 0, besideRestores: 0 };

/** Each safety rule of restores, broken on purpose. */
const RESTORE_RULES = { restoresTakeAllSlots: { restoresTakeAllSlots: false }, restoresWaitForOthers: { restoresWaitForOthers: false }, restoresHoldOthers: { restoresHoldOthers: false } } as const;
const broke = { restoresTakeAllSlots: 0, restoresWaitForOthers: 0, restoresHoldOthers: 0 };

function never(breaches: (world: World) => readonly string[], worlds: fc.Arbitrary<World> = arbitraryWorld): void {
  fc.assert(
    fc.property(worlds, (world) => {
      expect(breaches(world)).toEqual([]);
    }),
    { numRuns: RUNS, seed: 1 },
  );
}

describe('decide never', () => {
  test('I1: takes more nodes down than any limit allows, with all that is known counted at its worst', () => {
    never((world) => {
      const decisions = decide(world, NOW, SAFE_RULES);
      const { breaches, granted, lastUnits, repairs } = auditGrants(world, NOW, decisions);
      seen.grants += granted;
      seen.lastUnits += lastUnits;
      seen.repairs += repairs.length;
      if (auditGrants(world, NOW, decide(world, NOW, { ...SAFE_RULES, budgetSlack: 9 })).granted > granted) seen.refused += 1;
      return breaches.filter((breach) => breach.startsWith('I1'));
    });
    expect(seen.grants).toBeGreaterThan(300);
    expect(seen.lastUnits, 'grants made when a limit was exactly one short of full').toBeGreaterThan(200);
    expect(seen.refused, 'worlds in which a limit refused a slot').toBeGreaterThan(300);
    expect(seen.repairs, 'slots of nodes that were out already').toBeGreaterThan(50);
  });

  test('I2: takes a control-plane node down beside another one, or one that its cluster cannot lose', () => {
    never((world) => {
      const decisions = decide(world, NOW, SAFE_RULES);
      const { breaches } = auditGrants(world, NOW, decisions);
      const members = new Set([...world.rollouts.values()].flatMap(({ frozen }) => Object.values(frozen.controlPlanes).flat()));
      const taken = (some: readonly Decision[]): number => slotsIn(some).filter(({ node }) => members.has(node)).length;
      seen.controlPlanes += taken(decisions);
      if (taken(decide(world, NOW, { ...SAFE_RULES, controlPlanesPerCluster: 9 })) > taken(decisions)) seen.quorumRefused += 1;
      return breaches.filter((breach) => breach.startsWith('I2'));
    }, arbitraryControlPlane);
    expect(seen.controlPlanes, 'slots of control-plane nodes').toBeGreaterThan(300);
    expect(seen.quorumRefused, 'worlds in which the control plane refused a slot').toBeGreaterThan(300);
  });

  test('I1, I2: grants past their limits but to a restore, all of whose hosts begin together and alone', () => {
    const restoreBreaches = (world: World, rules = SAFE_RULES): readonly string[] => auditGrants(world, NOW, decide(world, NOW, rules)).breaches.filter((breach) => breach.startsWith('I'));
    never((world) => {
      const { restored, granted, breaches } = auditGrants(world, NOW, decide(world, NOW, SAFE_RULES));
      if (restored.length > 1) seen.restores += 1;
      seen.besideRestores += granted;
      for (const [rule, broken] of Object.entries(RESTORE_RULES)) if (restoreBreaches(world, { ...SAFE_RULES, ...broken }).length > 0) broke[rule as keyof typeof RESTORE_RULES] += 1;
      return breaches;
    }, arbitraryRestore);
    expect(seen.restores, 'restores of several hosts that were let begin').toBeGreaterThan(200);
    expect(seen.besideRestores, 'slots in other clusters').toBeGreaterThan(100);
    // Without any one of them the audit finds out.
    for (const [rule, worlds] of Object.entries(broke)) expect(worlds, `worlds in which ${rule} was missed`).toBeGreaterThan(20);
  });

  test('I3: lets a wave go before the one before it is complete and soaked, or after a failed canary', () => {
    never((world) => {
      const decisions = decide(world, NOW, SAFE_RULES);
      const { world: after } = applyDecisions(world, NOW, decisions);
      const tooEarly = [...world.rollouts.values()].flatMap((before) => {
        const { frozen, waves } = after.rollouts.get(before.id)!;
        return frozen.waves.flatMap((wave, index) => {
          const earlier = frozen.waves[index - 1];
          if (earlier === undefined || before.waves.get(wave.name)?.state !== 'closed' || waves.get(wave.name)?.state === 'closed') return [];
          seen.opened += 1;
          const state = waves.get(earlier.name)!;
          const soaked = state.state === 'complete' && NOW.wallUnixMs - state.atUnixMs >= earlier.soakMs;
          return soaked ? [] : [`wave ${wave.name} of ${before.id}`];
        });
      });
      const inClosed = decisions.flatMap((decision) => {
        if (decision.kind !== 'assign') return [];
        const { frozen, waves } = after.rollouts.get(decision.rollout)!;
        const wave = frozen.waves.find(({ nodes }) => nodes.includes(decision.node))!;
        return waves.get(wave.name)?.state === 'closed' ? [`${decision.node} in a closed wave`] : [];
      });
      return [...tooEarly, ...inClosed, ...auditGrants(world, NOW, decisions).breaches.filter((breach) => breach.startsWith('I3'))];
    });
    expect(seen.opened, 'waves opened after another one').toBeGreaterThan(15);
  });

  test('I5: gives a node two owners, or a generation that anybody has seen', () => {
    never((world) => {
      const decisions = decide(world, NOW, SAFE_RULES);
      const { world: after } = applyDecisions(world, NOW, decisions);
      const assigned = decisions.filter((decision) => decision.kind === 'assign');
      seen.assigned += assigned.length;
      const old = assigned.flatMap(({ node, generation }) => {
        const view = world.nodes.get(node)!;
        const known = [0, ...view.journal.assignments.keys(), world.ledger.slots.get(node)?.generation ?? 0];
        for (const rollout of world.rollouts.values()) known.push(rollout.nodes.get(node)?.generation ?? 0);
        return generation > Math.max(...known) ? [] : [`${node} got generation ${generation} again`];
      });
      const owners = assigned.flatMap(({ node }) => {
        const living = [...after.rollouts.values()].filter((rollout) => rollout.status.state !== 'ended');
        if (living.filter((rollout) => rollout.nodes.has(node)).length > 1) seen.shared += 1;
        const owning = living.filter((rollout) => rollout.nodes.get(node)?.state === 'assigned');
        return owning.length > 1 ? [`${node} has ${owning.length} owners`] : [];
      });
      return [...old, ...owners, ...auditGrants(world, NOW, decisions).breaches.filter((breach) => breach.startsWith('I5'))];
    });
    expect(seen.assigned).toBeGreaterThan(300);
    expect(seen.shared, 'assignments of nodes that several rollouts want').toBeGreaterThan(100);
  });

  test('I7: assigns, grants or permits where a rollout grants no more, and asks back all that has not begun', () => {
    never((world) => {
      const decisions = decide(world, NOW, SAFE_RULES);
      const { world: after } = applyDecisions(world, NOW, decisions);
      const stopped = [...after.rollouts.values()].filter(({ status }) => status.state !== 'running').map(({ id }) => id);
      seen.stopped += stopped.length;
      const more = decisions.filter((decision) => {
        const isMore = decision.kind === 'assign' || decision.kind === 'permit' || decision.kind === 'offer-permit' || decision.kind === 'send-assignment';
        return isMore && stopped.includes(decision.rollout);
      });
      const left = stopped.flatMap((id) => outstandingOf(after, id).filter((name) => after.rollouts.get(id)!.nodes.get(name)?.state === 'assigned' && !isRecalled(after, id, name)));
      seen.recalled += decisions.filter(({ kind }) => kind === 'recall').length;
      if (slotsIn(decide(world, NOW, { ...SAFE_RULES, slotsStopBeforeFailures: false })).length > slotsIn(decisions).length) seen.failing += 1;
      return [...more.map(({ kind }) => kind), ...left, ...auditGrants(world, NOW, decisions).breaches.filter((breach) => breach.startsWith('I7'))];
    }, fc.oneof(arbitraryWorld, arbitraryFailing));
    expect(seen.stopped).toBeGreaterThan(1_000);
    expect(seen.recalled).toBeGreaterThan(200);
    expect(seen.failing, 'worlds in which hosts that go back refused a slot').toBeGreaterThan(20);
  });

  test('I9: lets a node begin before it is drained, takes a slot back before its cordon is gone, or a cordon away that is needed', () => {
    never((world) => {
      const decisions = decide(world, NOW, SAFE_RULES);
      const { breaches, begins, kept, strays } = auditCordons(world, decisions);
      seen.drained += begins;
      seen.kept += kept;
      seen.strays += strays;
      seen.cordons += decisions.filter(({ kind }) => kind === 'cordon' || kind === 'drain').length;
      return [...breaches, ...auditGrants(world, NOW, decisions).breaches.filter((breach) => breach.startsWith('I9'))];
    }, fc.oneof(arbitraryDrain, arbitraryWorld));
    expect(seen.drained, 'permits of nodes that were drained').toBeGreaterThan(30);
    expect(seen.cordons).toBeGreaterThan(300);
    expect(seen.kept, 'slots that wait for a cordon').toBeGreaterThan(150);
    expect(seen.strays, 'cordons that nobody owned').toBeGreaterThan(500);
  });

  test('decides something illegal, or for ever', () => {
    never((before) => {
      let world = before;
      for (let round = 0; round < ROUNDS_MAX; round++) {
        const result = applyDecisions(world, NOW, decide(world, NOW, SAFE_RULES));
        if (!result.appended) return [];
        world = result.world;
      }
      return ['not settled'];
    });
  });

  test('decides otherwise for the same world, or changes it', () => {
    never((world) => {
      const text = JSON.stringify([[...world.rollouts.values()].map(({ nodes }) => [...nodes]), [...world.ledger.slots]]);
      const [first, second] = [decide(world, NOW, SAFE_RULES), decide(world, NOW, SAFE_RULES)];
      const after = JSON.stringify([[...world.rollouts.values()].map(({ nodes }) => [...nodes]), [...world.ledger.slots]]);
      return JSON.stringify(first) === JSON.stringify(second) && text === after ? [] : ['it did'];
    });
  });

  test('takes a slot back because time passed', () => {
    never((world) => {
      const held = new Set(world.ledger.slots.keys());
      return ledgerEvents(decide(world, later(NOW, 10 ** 9), SAFE_RULES)).flatMap((event) => {
        if (event.type !== 'slot-returned' || !held.has(event.node)) return [];
        const state = world.nodes.get(event.node)?.journal.assignments.get(event.generation)?.state;
        return state === 'done' || state === 'reverted' || state === 'refused' ? [] : [`${event.node} ${state}`];
      });
    });
  });
});

describe('the properties catch', () => {
  test.each([
    ['a budget that is off by one', { ...SAFE_RULES, budgetSlack: 1 }],
    ['a second control-plane node of one cluster', { ...SAFE_RULES, controlPlanesPerCluster: 2 }],
    ['a node that has not reported and counts as available', { ...SAFE_RULES, countsUnreported: false }],
    ['a slot beside hosts that go back and are one too many', { ...SAFE_RULES, slotsStopBeforeFailures: false }],
  ])('%s', (_, rules) => {
    const found = fc.check(fc.property(fc.oneof(arbitraryWorld, arbitraryControlPlane, arbitraryFailing), (world) => auditGrants(world, NOW, decide(world, NOW, rules)).breaches.length === 0), { numRuns: RUNS, seed: 1 });
    expect(found.failed).toBe(true);
  });

  test.each([
    ['a permit before the node is drained', { ...SAFE_RULES, permitsWaitForDrains: false }],
    ['a slot returned before its cordon is gone', { ...SAFE_RULES, slotsWaitForRestores: false }],
  ])('%s', (_, rules) => {
    const found = fc.check(fc.property(arbitraryDrain, (world) => auditCordons(world, decide(world, NOW, rules)).breaches.length === 0), { numRuns: RUNS, seed: 1 });
    expect(found.failed).toBe(true);
  });
});

afterAll(() => console.log('worlds that were about it', JSON.stringify(seen)));

function ledgerEvents(decisions: readonly Decision[]): readonly LedgerEvent[] {
  return decisions.flatMap((decision) => (decision.kind === 'ledger' ? decision.events : []));
}

function slotsIn(decisions: readonly Decision[]): readonly Slot[] {
  return ledgerEvents(decisions).flatMap((event) => (event.type === 'slots-taken' ? event.slots : []));
}

function outstandingOf(world: World, id: string): string[] {
  const rollout = world.rollouts.get(id)!;
  return [...rollout.nodes].flatMap(([name, node]) => {
    if (node.state !== 'assigned') return [];
    const progress = world.nodes.get(name)?.journal.assignments.get(node.generation);
    const begun = progress !== undefined && progress.rollout === id && (progress.begun || progress.state === 'refused');
    const mayBegin = node.permitIssued || world.ledger.slots.get(name)?.generation === node.generation;
    return mayBegin && !begun ? [name] : [];
  });
}

function isRecalled(world: World, id: string, name: string): boolean {
  const node = world.rollouts.get(id)!.nodes.get(name);
  return node?.state === 'assigned' && node.recallAsked;
}
