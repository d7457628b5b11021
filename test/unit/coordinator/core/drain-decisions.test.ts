import { describe, expect, test } from 'vitest';

import { decide } from '../../../../coordinator/core/decide.ts';
import type { DrainAnswer, DrainView } from '../../../../coordinator/core/draining.ts';
import { explainNode } from '../../../../coordinator/core/explain.ts';
import type { RolloutEventBody } from '../../../../coordinator/core/rollout-event.ts';
import { showRollout } from '../../../../coordinator/core/show-rollout.ts';
import type { World } from '../../../../coordinator/core/world.ts';
import type { Cordon } from '../../../../coordinator/ports/drain.ts';
import { applyDecisions } from '../../../support/apply-decisions.ts';
import { decisionLines } from '../../../support/decision-lines.ts';
import { aFrozen, aLedger, aPlan, aProgress, aRollout, aSlot, assigned, aView, aWorld, done, EPOCH, further, ledgerWith, NOW, SESSIONS, type ViewParts, type WorldParts } from '../../../support/world-builder.ts';

const OURS: Cordon = { fleet: 'fleet', rollout: 'r1', epoch: EPOCH };
const THEIRS: Cordon = { ...OURS, rollout: 'r0' };
const BLOCKED: DrainAnswer = { ok: true, state: 'blocked', pods: [], blocks: [{ pod: 'default/web-1', code: 'budget', budget: 'web', message: 'needs 3 healthy pods and has 3 currently' }] };
const UNREACHABLE: DrainAnswer = { ok: false, code: 'api-unreachable', message: 'connect ECONNREFUSED', object: '' };
const RECALLED = { code: 'recalled', message: '', object: '' } as const;
const TIMEOUT_MS = 600_000;
const FORGOTTEN = aLedger({ type: 'slots-taken', epoch: EPOCH, slots: [aSlot('n1', { rollout: 'r0' })] }, { type: 'slot-forgotten', epoch: EPOCH, node: 'n1', by: 'ann', why: 'made anew' });

interface Parts {
  readonly state?: Parameters<typeof aProgress>[0];
  readonly cordon?: Cordon | null;
  readonly last?: DrainAnswer | null;
  readonly sinceMs?: number;
  readonly generation?: number;
  readonly drained?: readonly string[];
  readonly hasSlot?: boolean;
  readonly session?: ViewParts['session'];
  readonly events?: readonly RolloutEventBody[];
}

/** n1 holds its slot in r1, which drains it; n2 is in the next wave. */
function worldOf({ state = 'staged', cordon = null, last = null, sinceMs = 0, generation = 1, drained = ['n1'], hasSlot = true, session, events = [] }: Parts, rest: Partial<WorldParts> = {}): World {
  const drain: DrainView = { generation, sinceMonotonicMs: NOW.monotonicMs - sinceMs, last };
  const progress = aProgress(state, state === 'refused' ? { outcome: RECALLED } : {});
  const view = aView('n1', { progress: [progress], drain, ...(session === undefined ? {} : { session }) });
  const rollout = aRollout('r1', aFrozen('r1', [['n1'], ['n2']], { drained, plan: aPlan({ drainTimeoutMs: TIMEOUT_MS }) }), { type: 'wave-opened', wave: 'w0' }, assigned('n1'), ...events);
  return aWorld({ nodes: [view, aView('n2')], rollouts: [rollout], ledger: ledgerWith(...(hasSlot ? [aSlot('n1')] : [])), cordons: cordon === null ? {} : { n1: cordon }, ...rest });
}

function linesOf(world: World): string[] {
  return decisionLines(decide(world, NOW));
}

const DRAINED: DrainAnswer = { ok: true, state: 'drained' };
const RESTORED: DrainAnswer = { ok: true, state: 'restored' };

describe('before its permit a node that holds a slot', () => {
  test.each<[string, Parts, string[]]>([
    ['is cordoned', {}, ['cordon n1 r1#1']],
    ['is cordoned again where that was not heard', { last: UNREACHABLE }, ['cordon n1 r1#1']],
    ['is taken over from an older leader', { cordon: { ...OURS, epoch: EPOCH - 1 }, last: DRAINED }, ['cordon n1 r1#1']],
    ['is drained', { cordon: OURS, last: { ok: true, state: 'cordoned' } }, ['drain n1 r1#1']],
    ['is drained on while pods leave', { cordon: OURS, last: { ok: true, state: 'leaving', pods: ['default/web-1'] } }, ['drain n1 r1#1']],
    ['is drained on while a budget blocks', { cordon: OURS, last: BLOCKED }, ['drain n1 r1#1']],
    ['is drained anew by a new leader', { cordon: OURS, last: null }, ['drain n1 r1#1']],
    ['is drained anew under a new generation', { cordon: OURS, last: DRAINED, generation: 7 }, ['drain n1 r1#1']],
    ['may begin when it is drained', { cordon: OURS, last: DRAINED }, ['offer-permit n1 r1#1']],
    ['is cordoned again where somebody took that away', { last: DRAINED }, ['cordon n1 r1#1']],
    ['waits where the cordon of another rollout has to go first', { cordon: THEIRS }, ['restore n1 r0#0']],
    ['begins at once where it is not to be drained', { drained: [] }, ['offer-permit n1 r1#1']],
    ['is left alone once it has begun', { state: 'active', cordon: OURS }, []],
    ['is left alone without its slot', { hasSlot: false, state: 'accepted' }, []],
    ['is left alone while its agent is away', { session: SESSIONS.lost }, []],
    ['is recalled where its rollout is paused', { cordon: OURS, events: [{ type: 'paused', by: 'ann', reason: 'paused-by-person', detail: '' }] }, ['r1: n1 recall-asked', 'recall n1 r1#1']],
  ])('%s', (_, parts, expected) => {
    expect(linesOf(worldOf(parts))).toEqual(expected);
  });
});

describe('I9: the slot', () => {
  const over = { events: [done('n1')] };
  test.each<[string, Parts, string[]]>([
    ['is kept while the cordon is seen', { state: 'done', cordon: OURS, ...over }, ['restore n1 r1#1']],
    ['is kept while nobody has looked that it is gone', { state: 'done', ...over }, ['restore n1 r1#1']],
    ['is kept where uncordoning was not heard of', { state: 'done', last: UNREACHABLE, ...over }, ['restore n1 r1#1']],
    ['is kept where a call of before is all that is known', { state: 'done', last: DRAINED, ...over }, ['restore n1 r1#1']],
    ['is kept where a cordon came back', { state: 'done', cordon: OURS, last: RESTORED, ...over }, ['restore n1 r1#1']],
    ['is kept, and another rollout’s cordon goes first', { state: 'done', cordon: THEIRS, last: RESTORED, ...over }, ['restore n1 r0#1']],
    ['is kept by a node that needs a person', { state: 'needs-a-person', cordon: OURS, events: [{ type: 'node-stuck', node: 'n1', generation: 1 }] }, []],
    ['is returned when the cordon is gone', { state: 'done', last: RESTORED, ...over }, ['slot returned n1 #1 done']],
    ['is returned at once where nothing was drained', { state: 'done', drained: [], ...over }, ['slot returned n1 #1 done']],
  ])('%s', (_, parts, expected) => {
    expect(linesOf(worldOf(parts)).filter((line) => /^(slot|restore)/u.test(line))).toEqual(expected);
  });

  test.each<[Parameters<typeof aProgress>[0], string[]]>([
    ['permitted', ['slot returned n1 #1 done', 'slot adopted n1 r0#2']],
    ['active', ['slot returned n1 #1 done', 'slot adopted n1 r0#2']],
    ['staged', ['restore n1 r0#1']],
  ])('passes, with the cordon, to newer work that a store forgot, once that is %s', (state, expected) => {
    const progress = [aProgress('done'), aProgress(state, { rollout: 'r0', generation: 2 })];
    const world = worldOf({ state: 'done', cordon: THEIRS, ...over });
    const lines = linesOf({ ...world, nodes: new Map(world.nodes).set('n1', aView('n1', { progress })) });
    expect(lines.filter((line) => /^(slot|restore)/u.test(line))).toEqual(expected);
  });

  test.each(['reverted', 'refused'] as const)('is kept by one that %s, whose failure counts at once', (state) => {
    const end = { type: 'drain-given-up', node: 'n1', generation: 1, outcome: { code: 'drain-given-up', message: '', object: '' } } as const;
    const lines = linesOf(worldOf({ state, cordon: OURS, events: state === 'refused' ? [end] : [] }));
    expect(lines).toContain(`r1: n1 ended ${state}`);
    expect(lines).toContain('restore n1 r1#1');
    expect(lines.some((line) => line.startsWith('slot returned'))).toBe(false);
  });

  test('holds its wave and its rollout', () => {
    const last = aRollout('r1', aFrozen('r1', [['n1']], { drained: ['n1'] }), { type: 'wave-opened', wave: 'w0' }, assigned('n1'), done('n1'));
    const aborted = further(last, { type: 'aborted', by: 'ann', why: '' });
    for (const rollout of [last, aborted]) expect(linesOf(worldOf({ state: 'done' }, { rollouts: [rollout] })).filter((line) => line.startsWith('r1'))).toEqual([]);
    const held = worldOf({ state: 'done', events: [done('n1')] });
    expect(linesOf(held).filter((line) => line.startsWith('r1'))).toEqual([]);
    const { world } = applyDecisions(worldOf({ state: 'done', last: RESTORED, events: [done('n1')] }), NOW, [{ kind: 'ledger', events: [{ type: 'slot-returned', epoch: EPOCH, node: 'n1', generation: 1, cause: 'done' }] }]);
    expect(linesOf(world).filter((line) => line.startsWith('r1'))).toEqual(['r1: wave-completed w0', 'r1: wave-opened w1']);
  });
});

describe('I9: a cordon that nobody owns', () => {
  const stray = (view: ViewParts, rest: Partial<WorldParts> = {}): World => aWorld({ nodes: [aView('n1', view)], cordons: { n1: THEIRS }, ...rest });
  test.each<[string, World, string[]]>([
    ['is restored where the agent is idle', stray({}), ['restore n1 r0#0']],
    ['is restored where its rollout lives and has no slot for it', stray({}, { rollouts: [aRollout('r0', aFrozen('r0', [['n1']], { drained: ['n1'] }))] }), ['restore n1 r0#0']],
    ['is restored where the node is no longer of the fleet', aWorld({ nodes: [], cordons: { n1: THEIRS } }), ['restore n1 r0#0']],
    ['stays where the agent is away', stray({ session: SESSIONS.lost }), []],
    ['stays where the agent has not told everything', stray({ session: SESSIONS.unreported }), []],
    ['stays where something is under way', stray({ progress: [aProgress('active', { rollout: 'r0' })] }), []],
    ['stays where something may begin', stray({ progress: [aProgress('permitted', { rollout: 'r0' })] }), []],
    ['stays where a host was made anew in the middle, until a person gave that up', stray({ progress: [aProgress('active', { rollout: 'r0', journalId: 'of before' })] }), []],
    ['is restored then', stray({ progress: [aProgress('active', { rollout: 'r0', journalId: 'of before' })] }, { ledger: FORGOTTEN }), ['restore n1 r0#0']],
  ])('%s', (_, world, expected) => {
    const lines = linesOf(world);
    expect(lines.filter((line) => line.startsWith('restore'))).toEqual(expected);
    if (world.nodes.has('n1')) expect(explainNode(world, NOW, 'n1').map(({ reason }) => reason).some((reason) => ['orphan-cordon', 'session-lost', 'not-reported', 'holds-slot'].includes(reason))).toBe(true);
  });

  test('counts its node as unavailable, and takes no slot', () => {
    const waves: RolloutEventBody = { type: 'wave-opened', wave: 'w0' };
    const rollout = aRollout('r1', aFrozen('r1', [['n1', 'n2']], { maxUnavailable: 2 }), waves, assigned('n1'), assigned('n2'));
    const nodes = ['n1', 'n2'].map((name) => aView(name, { progress: [aProgress('staged')] }));
    const slots = (cordons: Record<string, Cordon>) => linesOf(aWorld({ nodes, rollouts: [rollout], cordons })).filter((line) => line.startsWith('slot'));
    expect(slots({})).toEqual(['slot n1 r1#1']);
    expect(slots({ n1: THEIRS })).toEqual([]);
  });
});

describe('a drain that takes too long', () => {
  const tooLong = { cordon: OURS, last: BLOCKED, sinceMs: TIMEOUT_MS + 1 };

  test('is given up with what blocked it: recalled, failed, uncordoned', () => {
    const world = worldOf(tooLong);
    const because = 'default/web-1 (disruption budget web: needs 3 healthy pods and has 3 currently)';
    expect(linesOf(world)).toEqual([`r1: n1 drain-given-up: ${because}`, 'recall n1 r1#1']);
    const after = applyDecisions(world, NOW, decide(world, NOW)).world;
    expect(linesOf(after)).toEqual(['recall n1 r1#1']);
    expect(explainNode(after, NOW, 'n1').map(({ reason }) => reason)).toEqual(['holds-slot', 'drain-given-up', 'waiting-for-agent']);
    const recalled: World = { ...after, nodes: new Map(after.nodes).set('n1', aView('n1', { progress: [aProgress('refused', { outcome: RECALLED })] })) };
    const lines = linesOf(recalled);
    expect(lines).toEqual(['r1: n1 ended refused', expect.stringContaining('r1: paused by farrier failure-budget-spent: 1 failed (n1 refused drain-given-up)'), 'restore n1 r1#1']);
    const failed = applyDecisions(recalled, NOW, decide(recalled, NOW)).world;
    expect(explainNode(failed, NOW, 'n1').map(({ reason, message }) => [reason, message.includes(because)])).toEqual([['holds-slot', false], ['drain-given-up', true], ['uncordoning', false]]);
  });

  test.each<[string, Parts]>([
    ['it still has time', { ...tooLong, sinceMs: TIMEOUT_MS }],
    ['it was another generation’s', { ...tooLong, generation: 7 }],
    ['it is drained by now', { ...tooLong, last: DRAINED }],
    ['it has begun', { ...tooLong, state: 'active' }],
    ['it is over', { ...tooLong, state: 'done' }],
    ['nothing is drained', { ...tooLong, cordon: null, drained: [] }],
  ])('and not where %s', (_, parts) => {
    expect(linesOf(worldOf(parts)).filter((line) => line.includes('given-up'))).toEqual([]);
  });

  test('and one that began all the same ends as it ends', () => {
    const world = worldOf(tooLong);
    const given = applyDecisions(world, NOW, decide(world, NOW)).world;
    const begun: World = { ...given, nodes: new Map(given.nodes).set('n1', aView('n1', { progress: [aProgress('done')] })) };
    expect(linesOf(begun)).toContain('r1: n1 ended done');
  });
});

describe('people are told', () => {
  test.each<[string, Parts, string, string, RegExp]>([
    ['that it is being cordoned', {}, 'draining', 'draining', /being cordoned and emptied/u],
    ['which pods are leaving', { cordon: OURS, last: { ok: true, state: 'leaving', pods: ['default/web-1'] } }, 'draining', 'draining', /default\/web-1/u],
    ['which pod and budget block', { cordon: OURS, last: BLOCKED }, 'draining', 'drain-blocked', /default\/web-1 \(disruption budget web: needs 3/u],
    ['that the cluster does not answer', { last: UNREACHABLE }, 'draining', 'cordon-failed', /ECONNREFUSED/u],
    ['that a cordon has to go first', { cordon: THEIRS }, 'draining', 'orphan-cordon', /no rollout owns/u],
    ['that the agent is to begin', { cordon: OURS, last: DRAINED }, 'slot', 'waiting-for-agent', /agent to answer/u],
    ['that it is being uncordoned', { state: 'done', cordon: OURS, events: [done('n1')] }, 'uncordoning', 'uncordoning', /being removed/u],
    ['that uncordoning fails', { state: 'done', last: UNREACHABLE, events: [done('n1')] }, 'uncordoning', 'cordon-failed', /ECONNREFUSED/u],
  ])('%s', (_, parts, phase, reason, message) => {
    const world = worldOf(parts);
    const told = explainNode(world, NOW, 'n1').filter((explanation) => explanation.rollout === 'r1');
    expect(told.map((explanation) => explanation.reason)).toEqual([reason]);
    expect(told[0]?.message).toMatch(message);
    expect(showRollout(world, NOW, world.rollouts.get('r1')!).nodes[0]).toMatchObject({ phase, reason });
  });
});

test('a second rollout finds the node free only when the first has uncordoned it', () => {
  const world = worldOf({ state: 'done', cordon: OURS, events: [done('n1')] });
  const next = aRollout('r2', aFrozen('r2', [['n1']]), { type: 'wave-opened', wave: 'w0' });
  const lines = (cordoned: World) => linesOf({ ...cordoned, rollouts: new Map([...cordoned.rollouts, ['r2', further(next)]]) }).filter((line) => line.startsWith('assign'));
  expect(lines(world)).toEqual([]);
  const free = worldOf({ state: 'done', last: RESTORED, hasSlot: false, events: [done('n1')] });
  expect(lines(free)).toEqual(['assign n2 r1#1', 'assign n1 r2#2']);
});
