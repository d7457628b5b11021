import { describe, expect, test } from 'vitest';

import { explainNode } from '../../../../coordinator/core/explain.ts';
import type { RolloutEventBody } from '../../../../coordinator/core/rollout-event.ts';
import { REASONS } from '../../../../shared/domain/reason.ts';
import { aFrozen, aHello, aProgress, aRollout, aSlot, assigned, aView, aWorld, done, ledgerWith, NOW, reverted, SESSIONS, type ViewParts, type WorldParts } from '../../../support/world-builder.ts';

const opened: RolloutEventBody = { type: 'wave-opened', wave: 'w0' };
const paused: RolloutEventBody = { type: 'paused', by: 'ann', reason: 'paused-by-person', detail: 'lunch' };
const one = (...events: RolloutEventBody[]) => aRollout('r1', aFrozen('r1', [['n1']]), opened, ...events);
const two = (...events: RolloutEventBody[]) => aRollout('r1', aFrozen('r1', [['n2'], ['n1']]), opened, ...events);
const soaking = aRollout('r1', aFrozen('r1', [['n2'], ['n1']], { soakMs: 120_000 }), opened, assigned('n2'), done('n2'), { type: 'wave-completed', wave: 'w0' });
const held: RolloutEventBody = { type: 'paused', by: 'farrier', reason: 'failure-budget-spent', detail: 'stale' };
const failed: RolloutEventBody = { type: 'ended', status: 'failed' };
const backByPerson: RolloutEventBody = { type: 'node-ended', node: 'n1', generation: 1, end: { state: 'reverted', outcome: { code: 'stopped-by-person', message: 'ann did', object: '' } } };
const three = (...events: RolloutEventBody[]) => aRollout('r1', aFrozen('r1', [['n1', 'n2', 'n3']]), opened, ...events);
const staged = { progress: [aProgress('staged')] };

describe('why', () => {
  test.each<[string, ViewParts, Partial<WorldParts>, [string, string, RegExp][]]>([
    ['a healthy node in no rollout: nothing', {}, {}, []],
    ['it awaits approval', { record: { approved: false } }, {}, [['pending-approval', 'n1', /operator/]]],
    ['it is silent', { session: SESSIONS.silent }, {}, [['not-reported', 'n1', /not reported/]]],
    ['it is lost', { session: SESSIONS.lost }, {}, [['session-lost', 'n1', /not been heard/]]],
    ['it is cordoned', { cluster: { ready: true, unschedulable: true } }, {}, [['cordoned-by-person', 'n1', /not Farrier/]]],
    ['its clock is off', { session: { ...SESSIONS.connected, hello: aHello({ clockOffsetMs: 300_000 }) } }, {}, [['clock-off', 'n1', /by 300 s/]]],
    ['it holds a slot and is lost', { session: SESSIONS.lost, ...staged }, { rollouts: [one(assigned('n1'))], ledger: ledgerWith(aSlot('n1')) }, [['holds-slot', 'r1 generation 1', /middle/], ['session-lost', 'n1', /heard/], ['waiting-for-agent', 'n1', /answer/]]],
    ['its wave is closed', {}, { rollouts: [two(assigned('n2'))] }, [['wave-not-open', 'w0', /wave w0 waits for n2/]]],
    ['the wave before it soaks', {}, { rollouts: [soaking] }, [['soaking', 'w0', /complete and soaks: wave w0 until 2026-01-01 00:01:00 UTC/]]],
    ['its rollout is paused', {}, { rollouts: [one(paused)] }, [['paused-by-person', 'r1', /lunch/]]],
    ['another rollout owns it', {}, { rollouts: [one(), aRollout('r0', aFrozen('r0', [['n1']]), opened, assigned('n1', 1, { digest: 'digest-r0' }))] }, [['busy-elsewhere', 'r0', /another rollout/], ['waiting-for-agent', 'n1', /./]]],
    ['it was assigned and has not answered', {}, { rollouts: [one(assigned('n1'))] }, [['waiting-for-agent', 'n1', /answer/]]],
    ['it stages', { progress: [aProgress('accepted', { stepName: 'packages' })] }, { rollouts: [one(assigned('n1'))] }, [['staging', 'packages', /downloading/]]],
    ['the fleet’s budget is spent', staged, { rollouts: [one(assigned('n1'))], ledger: ledgerWith(aSlot('n2', { rollout: 'x' })) }, [['budget-spent', 'fleet fleet', /1 of 1 in fleet fleet \(n2 holds-slot\)/]]],
    ['the fleet settles', { ...staged }, { rollouts: [one(assigned('n1'))], nodes: [aView('n1', staged), aView('n2', { session: SESSIONS.silent })] }, [['fleet-settling', 'fleet fleet', /n2 not-reported/]]],
    ['it changes the host', { progress: [aProgress('active', { stepName: 'packages' })] }, { rollouts: [one(assigned('n1'))], ledger: ledgerWith(aSlot('n1')) }, [['holds-slot', 'r1 generation 1', /./], ['activating', 'packages', /changing/]]],
    ['it never comes back from its reboot', { session: SESSIONS.lost, progress: [aProgress('active', { stepName: 'reboot' })] }, { rollouts: [one(assigned('n1'))], ledger: ledgerWith(aSlot('n1')) }, [['holds-slot', 'r1 generation 1', /node forget/], ['session-lost', 'n1', /not been heard.*admin of the host/], ['activating', 'reboot', /./]]],
    ['it goes back', { progress: [aProgress('reverting')] }, { rollouts: [one(assigned('n1'))], ledger: ledgerWith(aSlot('n1')) }, [['holds-slot', 'r1 generation 1', /./], ['activating', '', /put back/]]],
    ['it needs a person', { progress: [aProgress('needs-a-person', { outcome: { code: 'revert-failed', message: 'dpkg is broken', object: 'dpkg' } })] }, { rollouts: [one(assigned('n1'))], ledger: ledgerWith(aSlot('n1')) }, [['holds-slot', 'r1 generation 1', /./], ['needs-a-person', 'dpkg', /revert-failed dpkg is broken/]]],
    ['it is held past its point of no return', { progress: [aProgress('needs-a-person', { outcome: { code: 'past-no-return', message: 'unit-crashed: the kubelet does not start', object: 'kubelet.service' } })] }, { rollouts: [one(assigned('n1'))], ledger: ledgerWith(aSlot('n1')) }, [['holds-slot', 'r1 generation 1', /./], ['past-no-return', 'kubelet.service', /kubelet does not start.*farrier-agent finish/]]],
    ['it reverted', {}, { rollouts: [one(assigned('n1'), reverted('n1'))] }, [['reverted', 'app.service', /verify-failed it did not come up/]]],
    ['it is done: nothing', {}, { rollouts: [one(assigned('n1'), done('n1'))] }, []],
    ['a person put it back', {}, { rollouts: [one(assigned('n1'), backByPerson)] }, [['reverted-by-person', '', /a person on the host put the node back.*ann did/]]],
    ['a person puts it back', { progress: [aProgress('reverting', { outcome: { code: 'stopped-by-person', message: '', object: '' } })] }, { rollouts: [one(assigned('n1'))], ledger: ledgerWith(aSlot('n1')) }, [['holds-slot', 'r1 generation 1', /./], ['activating', '', /a person on the host has it put back/]]],
    ['it is staged and its rollout is held', staged, { rollouts: [three(assigned('n1'), assigned('n2'), reverted('n2'), held)] }, [['failure-budget-spent', 'r1', /1 failed \(n2 reverted verify-failed\); maxFailures is 0/]]],
    ['it was assigned, has not answered, and nothing is sent to it any more', {}, { rollouts: [one(assigned('n1'), paused)] }, [['paused-by-person', 'r1', /lunch/]]],
    ['another one goes back that would spend the failure budget', staged, { rollouts: [three(assigned('n1'), assigned('n2'))], nodes: [aView('n1', staged), aView('n2', { progress: [aProgress('reverting')] })] }, [['failure-under-way', 'r1', /n2; maxFailures is 0/]]],
    ['the wave before it cannot complete any more', {}, { rollouts: [two(assigned('n2'), reverted('n2'), held)] }, [['wave-failed', 'r1', /none may in the canary wave.*rollback/]]],
    ['its rollout ended as failed', {}, { rollouts: [two(assigned('n2'), reverted('n2'), failed)] }, [['rollout-over', 'r1', /failed/]]],
    ['its rollout ended while it was away', { session: SESSIONS.away }, { rollouts: [three({ type: 'node-deferred', node: 'n1' }, failed)] }, [['session-lost', 'n1', /./], ['rollout-over', 'r1', /failed/]]],
    ['its rollout is brought back, and nothing is done', {}, { rollouts: [two({ type: 'rollback-asked', by: 'ann', why: 'slow' })] }, [['nothing-to-bring-back', 'r1', /slow/]]],
    ['it is deferred', { session: SESSIONS.away }, { rollouts: [one({ type: 'node-deferred', node: 'n1' })] }, [['session-lost', 'n1', /./], ['deferred', 'n1', /deferAfter/]]],
  ])('%s', (_, node, rest, expected) => {
    const found = explainNode(aWorld({ nodes: [aView('n1', node), aView('n2')], ...rest }), NOW, 'n1');
    expect(found.map(({ reason, blockingObject }) => [reason, blockingObject])).toEqual(expected.map(([reason, object]) => [reason, object]));
    for (const [index, [reason, , message]] of expected.entries()) {
      expect(`${found[index]?.message} ${found[index]?.whoCanUnblock}`).toMatch(message);
      expect(found[index]?.whatNext).toBe(REASONS[reason as keyof typeof REASONS].next);
    }
  });
});

test('a node that waits always has a reason', () => {
  for (const session of Object.values(SESSIONS)) {
    for (const events of [[], [paused], [assigned('n1')], [assigned('n1'), paused], [{ type: 'aborted', by: 'ann', why: '' } as const]]) {
      const world = aWorld({ nodes: [aView('n1', { session, ...staged })], rollouts: [one(...events)] });
      expect(explainNode(world, NOW, 'n1'), JSON.stringify([session.state, events])).not.toEqual([]);
    }
  }
});

test('says since when a session is lost', () => {
  const world = aWorld({ nodes: [aView('n1', { session: SESSIONS.lost })] });
  expect(explainNode(world, NOW, 'n1')[0]?.sinceUnixMs).toBe(NOW.wallUnixMs - 100_000);
});
