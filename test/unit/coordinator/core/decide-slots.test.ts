import { describe, expect, test } from 'vitest';

import { decide } from '../../../../coordinator/core/decide.ts';
import type { DrainAnswer } from '../../../../coordinator/core/draining.ts';
import { rulesUnder, SAFE_RULES } from '../../../../coordinator/core/rules.ts';
import type { RolloutEventBody } from '../../../../coordinator/core/rollout-event.ts';
import type { NodeView } from '../../../../coordinator/core/world.ts';
import { decisionLines } from '../../../support/decision-lines.ts';
import { aFrozen, aHello, aLedger, aProgress, aRollout, aSlot, assigned, aView, aWorld, EPOCH, ledgerWith, NOW, SESSIONS, type ViewParts, type WorldParts } from '../../../support/world-builder.ts';

const opened = (wave: string): RolloutEventBody => ({ type: 'wave-opened', wave });
const staged = { progress: [aProgress('staged')] };
const ROOM = { maxUnavailable: { fleet: { unit: 'nodes', value: 9 }, perCluster: { unit: 'percent', value: 100 }, perZone: { unit: 'percent', value: 100 } } } as const;

/** r1 with all nodes assigned in one wave, and what of slots is decided. */
function slots(nodes: Record<string, ViewParts>, rest: Partial<WorldParts> & { readonly maxUnavailable?: number } = {}): string[] {
  const names = Object.keys(nodes).filter((name) => name.startsWith('n'));
  const rollout = aRollout('r1', aFrozen('r1', [names], { maxUnavailable: rest.maxUnavailable ?? 9 }), opened('w0'), ...names.map((name) => assigned(name)));
  return slotLines({ nodes: Object.entries(nodes).map(([name, parts]) => aView(name, parts)), rollouts: [rollout], policy: ROOM, ...rest });
}

function slotLines(parts: WorldParts): string[] {
  return decisionLines(decide(aWorld(parts), NOW)).filter((line) => line.startsWith('slot'));
}

describe('I1: slots are granted', () => {
  const fleet = (value: number) => ({ policy: { maxUnavailable: { ...ROOM.maxUnavailable, fleet: { unit: 'nodes', value } as const } } });
  test.each<[string, Record<string, ViewParts>, Parameters<typeof slots>[1], string[]]>([
    ['to every staged node where there is room', { n2: staged, n1: staged, n3: {} }, {}, ['slot n1 r1#1', 'slot n2 r1#1']],
    ['up to the rollout’s own limit, by name', { n2: staged, n1: staged, n3: staged }, { maxUnavailable: 2 }, ['slot n1 r1#1', 'slot n2 r1#1']],
    ['up to the fleet’s limit', { n1: staged, n2: staged }, fleet(1), ['slot n1 r1#1']],
    ['not at all where the limit is nothing', { n1: staged }, fleet(0), []],
    ['less what a slot holds', { n1: staged, n2: staged, other: {} }, { ...fleet(2), ledger: ledgerWith(aSlot('other')) }, ['slot n1 r1#1']],
    ['less who is silent', { n1: staged, other: { session: SESSIONS.silent } }, fleet(1), []],
    ['less who has not reported', { n1: staged, other: { session: SESSIONS.unreported } }, fleet(1), []],
    ['less who is lost', { n1: staged, other: { session: SESSIONS.lost } }, fleet(1), []],
    ['less who is not ready', { n1: staged, other: { cluster: { ready: false, unschedulable: false } } }, fleet(1), []],
    ['less who is removed with a slot', { n1: staged }, { ...fleet(1), ledger: ledgerWith(aSlot('gone')) }, []],
    ['as if who is away for long were not there', { n1: staged, other: { session: SESSIONS.away } }, fleet(1), ['slot n1 r1#1']],
    ['to who is unavailable already, and it takes no further unit', { n1: staged, n2: { ...staged, cluster: { ready: false, unschedulable: false } } }, fleet(1), ['slot n2 r1#1']],
    ['to who is unavailable already even where the limit is passed', { n2: { ...staged, cluster: { ready: false, unschedulable: false } }, other: { session: SESSIONS.lost } }, fleet(1), ['slot n2 r1#1']],
    ['not to whom a person cordoned', { n1: { ...staged, cluster: { ready: true, unschedulable: true } } }, fleet(9), []],
    ['with the unit that this tick returns', { n1: staged, n2: { progress: [aProgress('done')] } }, { ...fleet(1), ledger: ledgerWith(aSlot('n2')) }, ['slot returned n2 #1 done', 'slot n1 r1#1']],
    ['less who begun without a slot', { n1: staged, n2: { progress: [aProgress('active')] } }, fleet(1), ['slot adopted n2 r1#1']],
    ['less who was permitted without a slot', { n1: staged, n2: { progress: [aProgress('permitted')] } }, fleet(1), ['slot adopted n2 r1#1']],
  ])('%s', (_, nodes, rest, lines) => {
    expect(slots(nodes, rest)).toEqual(lines);
  });

  test.each<['cluster' | 'zone', 'perCluster' | 'perZone']>([['cluster', 'perCluster'], ['zone', 'perZone']])('within each %s', (place, key) => {
    const policy = { maxUnavailable: { ...ROOM.maxUnavailable, [key]: { unit: 'nodes', value: 1 } } };
    const at = (name: string): ViewParts => ({ ...staged, record: { [place]: name } });
    expect(slots({ n1: at('a'), n2: at('a'), n3: at('b'), n4: at('') , n5: at('') }, { policy })).toEqual(['slot n1 r1#1', 'slot n3 r1#1', 'slot n4 r1#1', 'slot n5 r1#1']);
  });

  test.each<[keyof typeof SESSIONS]>([['silent'], ['unreported']])('none in any scope of a node that is %s, after any start', (session) => {
    for (const scope of ['fleet', 'perCluster', 'perZone'] as const) {
      const policy = { maxUnavailable: { ...ROOM.maxUnavailable, [scope]: { unit: 'nodes', value: 1 } } };
      const record = { cluster: 'c', zone: 'z' };
      expect(slots({ n1: { ...staged, record }, other: { session: SESSIONS[session], record } }, { policy })).toEqual([]);
    }
    expect(slots({ n1: staged, n2: { session: SESSIONS[session] } }, { maxUnavailable: 1 })).toEqual([]);
  });
});

test('two rollouts share the fleet’s limit, and each one’s own binds the other', () => {
  const other = { progress: [aProgress('staged', { rollout: 'r2', digest: 'digest-r2' })] };
  const nodes: NodeView[] = [aView('a', staged), aView('b', other), aView('c')];
  const rollout = (id: string, node: string, maxUnavailable: number, shared: string[] = []) =>
    aRollout(id, aFrozen(id, [[node, ...shared]], { maxUnavailable }), opened('w0'), assigned(node, 1, { digest: `digest-${id}` }));
  expect(slotLines({ nodes, rollouts: [rollout('r1', 'a', 9), rollout('r2', 'b', 9)] })).toEqual(['slot a r1#1']);
  expect(slotLines({ nodes, policy: ROOM, rollouts: [rollout('r1', 'a', 9), rollout('r2', 'b', 9)] })).toEqual(['slot a r1#1', 'slot b r2#1']);
  expect(slotLines({ nodes, policy: ROOM, rollouts: [rollout('r1', 'a', 9), rollout('r2', 'b', 1, ['a'])] })).toEqual(['slot a r1#1']);
});

test('what is staged in a closed wave waits for it', () => {
  const rollout = aRollout('r1', aFrozen('r1', [['n1'], ['n2']], { maxUnavailable: 9 }), opened('w0'), assigned('n2'));
  expect(slotLines({ nodes: [aView('n1', { session: SESSIONS.justLost }), aView('n2', staged)], rollouts: [rollout], policy: ROOM })).toEqual([]);
});

test('waves come in order, whatever the names', () => {
  const waves = [['z'], ['a']];
  const events: RolloutEventBody[] = [opened('w0'), { type: 'node-deferred', node: 'z' }, { type: 'wave-completed', wave: 'w0' }, opened('w1'), assigned('z'), assigned('a')];
  const rollout = aRollout('r1', aFrozen('r1', waves, { maxUnavailable: 9 }), ...events);
  expect(slotLines({ nodes: [aView('a', staged), aView('z', staged)], rollouts: [rollout] })).toEqual(['slot z r1#1']);
});

describe('a slot ends', () => {
  const held = (node: ViewParts, rest: Partial<WorldParts> = {}) => slots({ n1: node }, { ledger: ledgerWith(aSlot('n1')), ...rest });
  test.each<[string, ViewParts, string[]]>([
    ['with done', { progress: [aProgress('done')] }, ['slot returned n1 #1 done']],
    ['with reverted', { progress: [aProgress('reverted')] }, ['slot returned n1 #1 reverted']],
    ['with a recall', { progress: [aProgress('refused', { outcome: { code: 'recalled', message: '', object: '' } })] }, ['slot returned n1 #1 recalled']],
    ['with a refusal', { progress: [aProgress('refused')] }, ['slot returned n1 #1 refused']],
    ['not where a person is needed', { progress: [aProgress('needs-a-person')] }, []],
    ['not while it works', { progress: [aProgress('active')] }, []],
    ['not by silence', { progress: [aProgress('active')], session: SESSIONS.away }, []],
    ['not by another generation', { progress: [aProgress('done', { generation: 2 })] }, []],
    ['not by another rollout', { progress: [aProgress('done', { rollout: 'x' })] }, []],
  ])('%s', (_, node, lines) => {
    expect(held(node).filter((line) => !line.startsWith('slot n1'))).toEqual(lines);
  });

  test.each<[string, DrainAnswer | null, string[]]>([
    ['once no cordon of it is there', { ok: true, state: 'restored' }, ['slot returned n1 #1 done']],
    ['where nothing drains nodes', { ok: false, code: 'no-drain', message: '', object: '' }, ['slot returned n1 #1 done']],
    ['not while nobody knows', null, []],
  ])('of a rollout that is unknown %s', (_, last, lines) => {
    const node = aView('n1', { progress: [aProgress('done')], drain: { generation: 1, sinceMonotonicMs: 0, last } });
    expect(slotLines({ nodes: [node], ledger: ledgerWith(aSlot('n1')) })).toEqual(lines);
  });

  test('never by time, but under the mutation that a proof builds in', () => {
    const world = aWorld({ nodes: [aView('n1', { progress: [aProgress('active')] })], ledger: ledgerWith(aSlot('n1', { takenUnixMs: 0 })) });
    expect(decide(world, NOW, SAFE_RULES)).toEqual([]);
    expect(decide(world, NOW, rulesUnder(''))).toEqual([]);
    expect(decisionLines(decide(world, NOW, rulesUnder('slot-returned-on-timeout')))).toEqual(['slot returned n1 #1 refused']);
  });
});

describe('a slot that a person gave up', () => {
  const forgotten = aLedger({ type: 'slots-taken', epoch: EPOCH, slots: [aSlot('n1')] }, { type: 'slot-forgotten', epoch: EPOCH, node: 'n1', by: 'ann', why: 'burnt' });
  test.each<[string, ViewParts, string[]]>([
    ['stays given up while the host is away', { progress: [aProgress('active')], session: SESSIONS.silent }, []],
    ['stays given up where a person is needed', { progress: [aProgress('needs-a-person')] }, []],
    ['stays given up where the host was re-installed', { progress: [aProgress('active', { journalId: 'old' })] }, []],
    ['is counted again when the host is seen working', { progress: [aProgress('active')] }, ['slot adopted n1 r1#1']],
  ])('%s', (_, node, lines) => {
    expect(slots({ n1: node }, { ledger: forgotten })).toEqual(lines);
  });

  test('counts its node out of the rollout', () => {
    const rollout = aRollout('r1', aFrozen('r1', [['n1']]), opened('w0'), assigned('n1'));
    const world = aWorld({ nodes: [aView('n1', { progress: [aProgress('active')], session: SESSIONS.lost })], rollouts: [rollout], ledger: forgotten });
    expect(decisionLines(decide(world, NOW))[0]).toBe('r1: n1 node-gone');
  });
});

describe('what the store lost is found on the hosts', () => {
  const rollout = aRollout('r1', aFrozen('r1', [['n1']]), opened('w0'));
  const found = (node: ViewParts, over = rollout) => decisionLines(decide(aWorld({ nodes: [aView('n1', node)], rollouts: [over] }), NOW));
  test.each<[string, ViewParts, string[]]>([
    ['accepted', { progress: [aProgress('accepted')] }, ['r1: n1 adopted']],
    ['staged, and goes on', staged, ['r1: n1 adopted', 'slot n1 r1#1']],
    ['begun', { progress: [aProgress('active')] }, ['r1: n1 adopted', 'slot adopted n1 r1#1']],
    ['done', { progress: [aProgress('done')] }, ['r1: n1 adopted', 'r1: n1 ended done', 'r1: wave-completed w0', 'r1: ended completed']],
    ['recalled: it gets a new generation', { progress: [aProgress('refused', { outcome: { code: 'recalled', message: '', object: '' } })] }, ['assign n1 r1#2']],
    ['another assignment: it is recalled', { progress: [aProgress('staged', { digest: 'x' })] }, ['recall n1 r1#1']],
    ['the newest of several', { progress: [aProgress('done', { generation: 1 }), aProgress('staged', { generation: 2 })] }, ['r1: n1 adopted', 'slot n1 r1#2']],
  ])('%s', (_, node, lines) => {
    expect(found(node)).toEqual(lines);
  });

  test('also where the log still has an older assignment', () => {
    const session = { ...SESSIONS.connected, hello: aHello({ highestGeneration: 2 }) };
    const older = aRollout('r1', aFrozen('r1', [['n1']]), opened('w0'), assigned('n1'));
    expect(found({ session, progress: [aProgress('done', { generation: 2 })] }, older).slice(0, 3)).toEqual(['r1: n1 returned store-regressed', 'r1: n1 adopted', 'r1: n1 ended done']);
    expect(found({ session, progress: [aProgress('staged', { generation: 2 })] }, older)).toEqual(['r1: n1 returned store-regressed', 'r1: n1 adopted', 'slot n1 r1#2']);
  });

  test('also where the rollout is over or unknown: begun work is counted, the rest recalled', () => {
    expect(found({ progress: [aProgress('active', { rollout: 'lost' })] })).toEqual(['slot adopted n1 lost#1']);
    expect(found({ progress: [aProgress('staged', { rollout: 'lost' })] })).toEqual(['recall n1 lost#1']);
  });
});
