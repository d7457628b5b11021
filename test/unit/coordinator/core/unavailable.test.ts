import { describe, expect, test } from 'vitest';

import { Budget } from '../../../../coordinator/core/budget.ts';
import { isCountedOut, unavailableReason } from '../../../../coordinator/core/unavailable.ts';
import { aFrozen, aHello, aLedger, aRollout, aSlot, aView, aWorld, EPOCH, ledgerWith, NOW, SESSIONS, type ViewParts } from '../../../support/world-builder.ts';

describe('who is unavailable, and why', () => {
  test.each<[string, ViewParts, string | null]>([
    ['connected and reported', {}, null],
    ['awaits approval', { record: { approved: false } }, 'pending-approval'],
    ['silent since the start', { session: SESSIONS.silent }, 'not-reported'],
    ['connected, journal not yet told', { session: SESSIONS.unreported }, 'not-reported'],
    ['lost a moment ago', { session: SESSIONS.justLost }, null],
    ['lost for long', { session: SESSIONS.lost }, 'session-lost'],
    ['lost before it had told its journal', { session: { ...SESSIONS.justLost, hello: aHello({ journalSequence: 2 }) } }, 'not-reported'],
    ['lost after it had told its journal', { session: { ...SESSIONS.justLost, hello: aHello({ journalSequence: 1 }) } }, null],
    ['not ready', { cluster: { ready: false, unschedulable: false } }, 'cluster-not-ready'],
    ['not ready when its cluster last said anything', { cluster: { ready: false, unschedulable: false, silent: true } }, 'cluster-not-ready'],
    ['of a cluster that does not answer', { cluster: { ready: true, unschedulable: false, silent: true } }, 'cluster-silent'],
    ['cordoned', { cluster: { ready: true, unschedulable: true } }, 'cordoned-by-person'],
    ['ready', { cluster: { ready: true, unschedulable: false } }, null],
  ])('%s', (_, parts, reason) => {
    const view = aView('n1', parts);
    expect(unavailableReason(aWorld({ nodes: [view] }), NOW, view)).toBe(reason);
  });

  test('a slot outweighs every other reason', () => {
    const view = aView('n1', { session: SESSIONS.silent });
    expect(unavailableReason(aWorld({ nodes: [view], ledger: ledgerWith(aSlot('n1')) }), NOW, view)).toBe('holds-slot');
  });
});

describe('who is counted out of fleet and rollouts', () => {
  const gone = aLedger({ type: 'slot-forgotten', epoch: EPOCH, node: 'n1', by: 'ann', why: 'burnt' });
  test.each<[string, ViewParts, ReturnType<typeof aLedger>, boolean]>([
    ['lost for less than deferAfter', { session: SESSIONS.lost }, aLedger(), false],
    ['lost for longer than deferAfter', { session: SESSIONS.away }, aLedger(), true],
    ['lost for longer than deferAfter, in the middle of an upgrade', { session: SESSIONS.away }, ledgerWith(aSlot('n1')), false],
    ['silent however long: nobody knows what was done to it', { session: SESSIONS.silentForLong }, aLedger(), false],
    ['lost for long, before it had told its journal', { session: { ...SESSIONS.away, hello: aHello({ journalSequence: 2 }) } }, aLedger(), false],
    ['silent, given up by a person', { session: SESSIONS.silent }, gone, true],
    ['given up by a person, and back', {}, gone, false],
  ])('%s', (_, parts, ledger, out) => {
    const view = aView('n1', parts);
    expect(isCountedOut(aWorld({ nodes: [view], ledger }), NOW, view)).toBe(out);
  });
});

describe('the budget', () => {
  const views = ['n1', 'n2', 'n3', 'n4'].map((name, index) => aView(name, { record: { cluster: index < 2 ? 'c1' : 'c2', zone: 'z1' } }));
  const policy = { maxUnavailable: { fleet: { unit: 'nodes', value: 3 }, perCluster: { unit: 'nodes', value: 1 }, perZone: { unit: 'percent', value: 50 } } } as const;
  const world = aWorld({ nodes: views, policy, ledger: ledgerWith(aSlot('n1')), rollouts: [aRollout('r1', aFrozen('r1', [['n3', 'n4']]))] });

  test('names the limit that leaves no room', () => {
    const budget = new Budget(world, NOW, world.ledger.slots, world.rollouts.values());
    expect(budget.blockedBy('n1', false)).toBeNull();
    expect(budget.blockedBy('n2', false)).toMatchObject({ kind: 'cluster', name: 'c1', limit: 1 });
    expect(budget.blockedBy('n3', false)).toBeNull();
    budget.take('n3');
    expect(budget.blockedBy('n4', false)).toMatchObject({ kind: 'rollout', name: 'r1', limit: 1 });
    expect(budget.reason('n3')).toBe('holds-slot');
  });

  test.each<[string, string, number]>([
    ['silent', 'silent', 4],
    ['unreported', 'unreported', 4],
    ['lost', 'lost', 4],
    ['away: it leaves fleet and rollout, and stays in cluster and zone', 'away', 2],
  ])('a node that is %s counts in each of its limits', (_, session, scopes) => {
    const nodes = [aView('n1', { record: { cluster: 'c1', zone: 'z1' }, session: SESSIONS[session as 'silent'] }), aView('n2')];
    const one = aWorld({ nodes, rollouts: [aRollout('r1', aFrozen('r1', [['n1', 'n2']]))] });
    const budget = new Budget(one, NOW, one.ledger.slots, one.rollouts.values());
    expect(budget.scopesOf('n1').filter((scope) => scope.unavailable.has('n1'))).toHaveLength(scopes);
  });

  describe('of a control plane', () => {
    const controlPlanes = { c1: ['n1', 'n2', 'n3'] };
    const budgetOf = (sessions: Partial<Record<string, keyof typeof SESSIONS>>, names = ['n1', 'n2', 'n3', 'n4']): Budget => {
      const nodes = names.map((name) => aView(name, { record: { cluster: 'c1' }, session: SESSIONS[sessions[name] ?? 'connected'] }));
      const whole = { unit: 'percent', value: 100 } as const;
      const one = aWorld({ nodes, policy: { maxUnavailable: { fleet: whole, perCluster: whole, perZone: whole } }, rollouts: [aRollout('r1', aFrozen('r1', [['n1', 'n4']], { controlPlanes, maxUnavailable: 9 }))] });
      return new Budget(one, NOW, one.ledger.slots, one.rollouts.values());
    };

    test('lets one node down, whatever the other limits allow; workers are not meant', () => {
      const budget = budgetOf({});
      expect(budget.blockedBy('n1', false)).toBeNull();
      budget.take('n1');
      expect(budget.blockedBy('n2', false)).toMatchObject({ kind: 'control-plane', name: 'c1', limit: 1, unavailable: new Set(['n1']) });
      expect(budget.blockedBy('n4', false)).toBeNull();
    });

    test('one that is out already may be repaired, but not beside another one', () => {
      expect(budgetOf({ n1: 'lost' }).blockedBy('n1', false)).toBeNull();
      expect(budgetOf({ n1: 'lost', n2: 'lost' }).blockedBy('n1', false)).toMatchObject({ kind: 'control-plane', unavailable: new Set(['n2']) });
    });

    test('one or two members lose none, unless the plan says so', () => {
      const budget = budgetOf({}, ['n1', 'n2', 'n4']);
      expect(budget.blockedBy('n1', false)).toMatchObject({ kind: 'control-plane', limit: 0 });
      expect(budget.blockedBy('n1', true)).toBeNull();
      expect(budget.blockedBy('n4', false)).toBeNull();
    });
  });

  test('a removed node whose slot nobody gave up counts everywhere', () => {
    const one = aWorld({ nodes: views, policy, ledger: ledgerWith(aSlot('removed')) });
    const budget = new Budget(one, NOW, one.ledger.slots, []);
    expect(['n1', 'n3'].map((name) => budget.blockedBy(name, false)?.kind)).toEqual(['cluster', 'cluster']);
  });

  test('percentages round down and are never nothing; nodes away for long leave the whole', () => {
    const fleet = { maxUnavailable: { ...policy.maxUnavailable, fleet: { unit: 'percent', value: 50 } } } as const;
    const limit = (...sessions: (keyof typeof SESSIONS)[]): number | undefined => {
      const one = aWorld({ nodes: sessions.map((session, index) => aView(`n${index}`, { session: SESSIONS[session] })), policy: fleet });
      return new Budget(one, NOW, one.ledger.slots, []).scopesOf('n0').find(({ kind }) => kind === 'fleet')?.limit;
    };
    expect([limit('connected'), limit('connected', 'connected', 'connected'), limit('connected', 'connected', 'connected', 'connected', 'away')]).toEqual([1, 1, 2]);
  });
});
