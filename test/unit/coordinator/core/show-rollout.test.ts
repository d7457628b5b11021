import { describe, expect, test } from 'vitest';

import type { RolloutEventBody } from '../../../../coordinator/core/rollout-event.ts';
import { showRollout } from '../../../../coordinator/core/show-rollout.ts';
import { aFrozen, aProgress, aRollout, aSlot, assigned, aView, aWorld, done, ledgerWith, NOW, reverted, SESSIONS, type ViewParts, type WorldParts } from '../../../support/world-builder.ts';

const opened: RolloutEventBody = { type: 'wave-opened', wave: 'w0' };
const issued: RolloutEventBody = { type: 'permit-issued', node: 'n1', generation: 1, requestId: 'q' };
const paused = (by: string): RolloutEventBody => ({ type: 'paused', by, reason: by === 'farrier' ? 'failure-budget-spent' : 'paused-by-person', detail: 'd' });
const aborted: RolloutEventBody = { type: 'aborted', by: 'ann', why: 'wrong' };
const staged = { progress: [aProgress('staged')] };
const held: Partial<WorldParts> = { ledger: ledgerWith(aSlot('n1')) };

function show(node: ViewParts, events: readonly RolloutEventBody[], rest: Partial<WorldParts> = {}) {
  const rollout = aRollout('r1', aFrozen('r1', [['n1', 'n2']]), opened, ...events);
  return showRollout(aWorld({ nodes: [aView('n1', node), aView('n2')], rollouts: [rollout], ...rest }), NOW, rollout);
}

describe('status', () => {
  test.each<[string, ViewParts, RolloutEventBody[], Partial<WorldParts>, string, number]>([
    ['running', {}, [], {}, 'running', 0],
    ['running with a slot out', staged, [assigned('n1')], held, 'running', 1],
    ['pausing while a slot has neither begun nor come back', staged, [assigned('n1'), paused('ann')], held, 'pausing', 1],
    ['pausing while a permit is out', staged, [assigned('n1'), issued, paused('ann')], {}, 'pausing', 1],
    ['pausing while a journaled permit is out', { progress: [aProgress('permitted')] }, [assigned('n1'), paused('ann')], {}, 'pausing', 1],
    ['paused once it has begun', { progress: [aProgress('active')] }, [assigned('n1'), issued, paused('ann')], held, 'paused', 0],
    ['paused once it was recalled', { progress: [aProgress('refused')] }, [assigned('n1'), issued, paused('ann')], held, 'paused', 0],
    ['held where the system did it', {}, [paused('farrier')], {}, 'held', 0],
    ['aborting', {}, [aborted], {}, 'aborting', 0],
    ['aborted', {}, [aborted, { type: 'ended', status: 'aborted' }], {}, 'aborted', 0],
    ['rolling back', {}, [{ type: 'rollback-asked', by: 'ann', why: 'w' }], {}, 'rolling-back', 0],
    ['completed', {}, [{ type: 'ended', status: 'completed' }], {}, 'completed', 0],
  ])('%s', (_, node, events, rest, status, outstanding) => {
    expect(show(node, events, rest)).toMatchObject({ status, outstanding });
  });
});

describe('phase of a node', () => {
  test.each<[string, ViewParts, RolloutEventBody[], Partial<WorldParts>, string]>([
    ['waiting', {}, [], {}, ''],
    ['assigned', {}, [assigned('n1')], {}, ''],
    ['staging', { progress: [aProgress('accepted', { stepName: 'packages' })] }, [assigned('n1')], {}, 'packages'],
    ['staged', staged, [assigned('n1')], {}, ''],
    ['slot', staged, [assigned('n1')], held, ''],
    ['permitted', staged, [assigned('n1'), issued], held, ''],
    ['activating', { progress: [aProgress('active', { stepName: 'packages' })] }, [assigned('n1'), issued], held, 'packages'],
    ['reverting', { progress: [aProgress('reverting', { stepName: 'packages' })] }, [assigned('n1'), issued], held, 'packages'],
    ['needs-a-person', { progress: [aProgress('needs-a-person')] }, [assigned('n1'), issued], held, ''],
    ['done', {}, [assigned('n1'), done('n1')], {}, ''],
    ['reverted', {}, [assigned('n1'), reverted('n1')], {}, ''],
    ['deferred', { session: SESSIONS.away }, [{ type: 'node-deferred', node: 'n1' }], {}, ''],
    ['gone', {}, [{ type: 'node-gone', node: 'n1' }], {}, ''],
  ])('%s', (phase, node, events, rest, step) => {
    expect(show(node, events, rest).nodes[0]).toMatchObject({ node: 'n1', wave: 'w0', phase, step });
  });
});

test('a node that is done shows what its host had to tell', () => {
  const told = { code: 'ok', message: 'containerd: CRI was away for at most 730 ms', object: '' } as const;
  const node = show({ progress: [aProgress('done', { outcome: told })] }, [assigned('n1'), done('n1')]).nodes[0];
  expect([node?.phase, node?.reason, node?.detail]).toEqual(['done', '', told.message]);
});

describe('reason of the rollout', () => {
  const soaking = aRollout('r1', aFrozen('r1', [['n1'], ['n2']], { soakMs: 120_000 }), opened, assigned('n1'), done('n1'), { type: 'wave-completed', wave: 'w0' });
  const asked: RolloutEventBody = { type: 'rollback-asked', by: 'ann', why: 'slow' };

  test('tells what failed by now, not what had when it was held', () => {
    const events = [assigned('n1'), reverted('n1'), paused('farrier'), { type: 'adopted', node: 'n2', generation: 1, digest: 'digest-r1' } as const, { type: 'node-stuck', node: 'n2', generation: 1 } as const];
    expect(show({}, events)).toMatchObject({ failures: 2, reason: 'failure-budget-spent', detail: '2 failed (n1 reverted verify-failed, n2 needs-a-person); maxFailures is 0' });
  });

  test('tells that nobody can resume what has lost its wave', () => {
    expect(show({}, [assigned('n1'), reverted('n1'), assigned('n2'), reverted('n2'), paused('farrier')])).toMatchObject({ reason: 'wave-failed', detail: expect.stringContaining('2 failed') });
  });

  test('tells until when a wave soaks', () => {
    expect(showRollout(aWorld({ nodes: [aView('n1'), aView('n2')] }), NOW, soaking)).toMatchObject({ status: 'running', reason: 'soaking', detail: 'wave w0 until 2026-01-01 00:01:00 UTC' });
  });

  test('claims no rollback where there is nothing to bring back', () => {
    expect(show({}, [asked])).toMatchObject({ status: 'rolling-back', reason: 'nothing-to-bring-back' });
    expect(show({}, [assigned('n1'), done('n1'), asked])).toMatchObject({ status: 'rolling-back', reason: 'rolled-back' });
  });

  test('is nothing where it is over', () => {
    expect(show({}, [aborted, { type: 'ended', status: 'aborted' }])).toMatchObject({ reason: '', detail: '' });
  });
});

test('tells who is only not heard of yet, after a restart', () => {
  expect(show({ session: SESSIONS.silent }, [])).toMatchObject({ unavailable: 1, unreported: 1 });
  expect(show({ session: SESSIONS.lost }, [])).toMatchObject({ unavailable: 1, unreported: 0 });
});

test('counts what people ask for', () => {
  const shown = show({ progress: [aProgress('active')] }, [assigned('n1'), issued, assigned('n2'), reverted('n2')], held);
  expect(shown).toMatchObject({ plan: 'plan', budget: 1, unavailable: 1, slots: 1, failures: 1, maxFailures: 0, startedBy: 'ann', endedUnixMs: 0, rollbackOf: '' });
  expect(shown.nodes[1]).toMatchObject({ phase: 'reverted', reason: 'reverted', generation: 1 });
  expect(shown.leftMs).toBe(60_000);
});

test('a rollout of 10,000 nodes is shown whole', () => {
  const names = Array.from({ length: 10_000 }, (_, index) => `n${index}`);
  const rollout = aRollout('r1', aFrozen('r1', [names.slice(0, 10), names.slice(10)]), opened);
  const world = aWorld({ nodes: names.map((name) => aView(name)), rollouts: [rollout] });
  expect(showRollout(world, NOW, rollout).nodes).toHaveLength(10_000);
});
