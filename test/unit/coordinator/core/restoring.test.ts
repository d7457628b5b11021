import { describe, expect, test } from 'vitest';

import { decide } from '../../../../coordinator/core/decide.ts';
import { explainNode } from '../../../../coordinator/core/explain.ts';
import type { Slot } from '../../../../coordinator/core/ledger-event.ts';
import type { RolloutState } from '../../../../coordinator/core/rollout.ts';
import type { World } from '../../../../coordinator/core/world.ts';
import { aFrozen, aProgress, aRollout, aSlot, assigned, aView, aWorld, done, ledgerWith, NOW, SESSIONS, type ViewParts } from '../../../support/world-builder.ts';

const PLANES = ['cp1', 'cp2', 'cp3'];
const opened = { type: 'wave-opened', wave: 'w0' } as const;
const mark = { cluster: 'prod', snapshot: 'a'.repeat(64), takenUnixMs: 1, lost: '1h 0m' };
const restore = aRollout('r1', aFrozen('r1', [PLANES], { restore: mark }), opened, ...PLANES.map((name) => assigned(name)));
const other = aRollout('r2', aFrozen('r2', [['w1']]), opened, assigned('w1', 2, { digest: 'digest-r2' }));

const staged = (name: string, parts: ViewParts = {}) => aView(name, { record: { cluster: 'prod' }, progress: [aProgress('staged')], ...parts });
const worker = aView('w1', { record: { cluster: 'prod' }, progress: [aProgress('staged', { rollout: 'r2', generation: 2, digest: 'digest-r2' })] });

function world(parts: Partial<Parameters<typeof aWorld>[0]> = {}): World {
  return aWorld({ nodes: [...PLANES.map((name) => staged(name)), worker], rollouts: [restore, other], ...parts });
}

function slotsIn(of: World): readonly Slot[] {
  return decide(of, NOW).flatMap((decision) => (decision.kind === 'ledger' ? decision.events.flatMap((event) => (event.type === 'slots-taken' ? event.slots : [])) : []));
}

const whyOf = (of: World, name: string): string => {
  const [cause] = explainNode(of, NOW, name).filter(({ reason }) => reason.startsWith('datastore') || reason.startsWith('restore'));
  return cause === undefined ? 'nothing' : `${cause.reason} ${cause.blockingObject}: ${cause.message}`;
};

describe('a restore', () => {
  test('gets the slots of all its hosts in one append, marked, though the policy lets one node down at a time', () => {
    expect(slotsIn(world()).map(({ node, restore: isRestore }) => [node, isRestore])).toEqual(PLANES.map((name) => [name, true]));
  });

  test('begins also where the cluster is down or its nodes are cordoned: for that it is', () => {
    const down = { cluster: { ready: false, unschedulable: true, silent: true } };
    expect(slotsIn(world({ nodes: PLANES.map((name) => staged(name, down)) })).map(({ node }) => node)).toEqual(PLANES);
  });

  test('waits for a host that is not staged, and says for which', () => {
    const waiting = world({ nodes: [staged('cp1'), staged('cp2'), staged('cp3', { progress: [aProgress('accepted')] })] });
    expect(slotsIn(waiting)).toEqual([]);
    expect(whyOf(waiting, 'cp1')).toMatch(/^restore-waits r1: .*: cp3 is or are not staged yet$/);
  });

  test('waits until nobody else works in its cluster, and says who', () => {
    const waiting = world({ ledger: ledgerWith(aSlot('w1', { rollout: 'r2', generation: 2 })) });
    expect(slotsIn(waiting)).toEqual([]);
    expect(whyOf(waiting, 'cp1')).toMatch(/^restore-waits r1: .*: w1 hold\(s\) a slot of another rollout$/);
  });

  test('waits for a node that was removed while it holds a slot', () => {
    const waiting = world({ ledger: ledgerWith(aSlot('gone', { rollout: 'r2', generation: 2 })) });
    expect(slotsIn(waiting)).toEqual([]);
    expect(whyOf(waiting, 'cp1')).toMatch(/gone hold\(s\) a slot of another rollout$/);
  });

  test('gives a host that lost its permit its slot again, beside those that are under way or done', () => {
    const again = aRollout('r1', restore.frozen, opened, ...PLANES.map((name) => assigned(name)), done('cp2'));
    const nodes = [staged('cp1', { progress: [aProgress('active')] }), staged('cp2', { progress: [aProgress('done')] }), staged('cp3')];
    expect(slotsIn(aWorld({ nodes, rollouts: [again], ledger: ledgerWith(aSlot('cp1', { restore: true })) })).map(({ node }) => node)).toEqual(['cp3']);
  });
});

describe('while it lives', () => {
  const running = (status: RolloutState = restore): World => world({ rollouts: [status, other], nodes: [...PLANES.map((name) => staged(name, { session: SESSIONS.lost })), worker], policy: { maxUnavailable: { fleet: { unit: 'percent', value: 100 }, perCluster: { unit: 'percent', value: 100 }, perZone: { unit: 'percent', value: 100 } } } });

  test('nobody else gets a slot in its cluster, whatever limits say, and hears why', () => {
    expect(slotsIn(running())).toEqual([]);
    expect(whyOf(running(), 'w1')).toMatch(/^datastore-restored r1: /);
  });

  test('also while it is held; and when a person ended it, others go on', () => {
    const held = aRollout('r1', restore.frozen, opened, { type: 'paused', by: 'farrier', reason: 'failure-budget-spent', detail: '' });
    expect(slotsIn(running(held))).toEqual([]);
    const ended = aRollout('r1', restore.frozen, opened, { type: 'aborted', by: 'ann', why: '' }, { type: 'ended', status: 'aborted' });
    expect(slotsIn(running(ended)).map(({ node, restore: isRestore }) => [node, isRestore])).toEqual([['w1', undefined]]);
  });
});
