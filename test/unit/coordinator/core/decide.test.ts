import { describe, expect, test } from 'vitest';

import { decide } from '../../../../coordinator/core/decide.ts';
import type { RolloutEventBody } from '../../../../coordinator/core/rollout-event.ts';
import type { RolloutState } from '../../../../coordinator/core/rollout.ts';
import type { OutcomeCode } from '../../../../shared/domain/outcome.ts';
import { decisionLines } from '../../../support/decision-lines.ts';
import {
  aFrozen,
  aHello,
  aLedger,
  aProgress,
  aRollout,
  aSlot,
  assigned,
  aView,
  aWorld,
  EPOCH,
  ledgerWith,
  NOW,
  SESSIONS,
  type ViewParts,
  type WorldParts,
} from '../../../support/world-builder.ts';

const opened: RolloutEventBody = { type: 'wave-opened', wave: 'w0' };
const recallAsked: RolloutEventBody = { type: 'recall-asked', node: 'n1', generation: 1 };
const issued: RolloutEventBody = { type: 'permit-issued', node: 'n1', generation: 1, requestId: 'q1' };
const paused: RolloutEventBody = { type: 'paused', by: 'ann', reason: 'paused-by-person', detail: '' };
const aborted: RolloutEventBody = { type: 'aborted', by: 'ann', why: 'wrong' };
const refused = (code: OutcomeCode) => aProgress('refused', { outcome: { code, message: '', object: '' } });
const request = { requestId: 'q1', rollout: 'r1', generation: 1, digest: 'digest-r1', bootId: 'boot' };

/** r1 of one wave with n1 alone, after these events. */
function one(...events: readonly RolloutEventBody[]): RolloutState {
  return aRollout('r1', aFrozen('r1', [['n1']]), opened, ...events);
}

function linesOf(node: ViewParts, rollout: RolloutState, rest: Partial<WorldParts> = {}): string[] {
  return decisionLines(decide(aWorld({ nodes: [aView('n1', node)], rollouts: [rollout], ...rest }), NOW));
}

describe('one node, from -> to', () => {
  test.each<[string, ViewParts, RolloutState, Partial<WorldParts>, string[]]>([
    ['waiting -> assigned', {}, one(), {}, ['assign n1 r1#1']],
    ['waiting, silent', { session: SESSIONS.silent }, one(), {}, []],
    ['waiting, unreported', { session: SESSIONS.unreported }, one(), {}, []],
    ['waiting, lost', { session: SESSIONS.lost }, one(), {}, []],
    ['waiting, not approved', { record: { approved: false } }, one(), {}, []],
    ['waiting, clock off', { session: { ...SESSIONS.connected, hello: aHello({ clockOffsetMs: -121_000 }) } }, one(), {}, []],
    ['waiting, its host in the middle of something else', { progress: [aProgress('active', { rollout: 'x', digest: 'x' })] }, one(), {}, ['slot adopted n1 x#1']],
    ['waiting, somebody’s leftover on its host', { progress: [aProgress('staged', { rollout: 'x', digest: 'x' })] }, one(), {}, ['recall n1 x#1']],
    ['waiting -> deferred', { session: SESSIONS.away }, one(), {}, ['r1: n1 node-deferred']],
    ['waiting, silent for long -> deferred', { session: SESSIONS.silentForLong }, one(), {}, ['r1: n1 node-deferred']],
    ['assigned, lost for long -> deferred', { session: SESSIONS.away, progress: [aProgress('staged')] }, one(assigned('n1')), {}, ['r1: n1 node-deferred']],
    ['assigned, lost for long with a slot', { session: SESSIONS.away, progress: [aProgress('staged')] }, one(assigned('n1')), { ledger: ledgerWith(aSlot('n1')) }, []],
    ['deferred, not back yet', { session: SESSIONS.away, progress: [aProgress('staged')] }, one({ type: 'node-deferred', node: 'n1' }), {}, []],
    ['deferred -> taken in again with what it has', { progress: [aProgress('staged')] }, one({ type: 'node-deferred', node: 'n1' }), {}, ['r1: n1 adopted', 'slot n1 r1#1']],
    ['staged, asked back', { progress: [aProgress('staged')] }, one(assigned('n1'), recallAsked), {}, ['recall n1 r1#1']],
    ['assigned -> sent', {}, one(assigned('n1')), {}, ['send-assignment n1 r1#1']],
    ['assigned, unreported', { session: SESSIONS.unreported }, one(assigned('n1')), {}, []],
    ['accepted', { progress: [aProgress('accepted')] }, one(assigned('n1')), {}, []],
    ['staged -> slot', { progress: [aProgress('staged')] }, one(assigned('n1')), {}, ['slot n1 r1#1']],
    ['staged, lost', { progress: [aProgress('staged')], session: SESSIONS.justLost }, one(assigned('n1')), {}, []],
    ['slot -> offered', { progress: [aProgress('staged')] }, one(assigned('n1')), { ledger: ledgerWith(aSlot('n1')) }, ['offer-permit n1 r1#1']],
    ['asked -> permitted', { progress: [aProgress('staged')], permitRequest: request }, one(assigned('n1')), { ledger: ledgerWith(aSlot('n1')) }, ['permit n1 r1#1 for q1']],
    ['asked without a slot', { progress: [aProgress('staged')], permitRequest: request }, one(assigned('n1')), {}, ['slot n1 r1#1']],
    ['asked with another digest', { progress: [aProgress('staged')], permitRequest: { ...request, digest: 'x' } }, one(assigned('n1')), { ledger: ledgerWith(aSlot('n1')) }, ['offer-permit n1 r1#1']],
    ['asked before the boot', { progress: [aProgress('staged')], permitRequest: { ...request, bootId: 'x' } }, one(assigned('n1')), { ledger: ledgerWith(aSlot('n1')) }, ['offer-permit n1 r1#1']],
    ['answered once', { progress: [aProgress('staged')], permitRequest: request }, one(assigned('n1'), issued), { ledger: ledgerWith(aSlot('n1')) }, ['offer-permit n1 r1#1']],
    ['begun', { progress: [aProgress('active')] }, one(assigned('n1'), issued), { ledger: ledgerWith(aSlot('n1')) }, []],
    ['done -> over', { progress: [aProgress('done')] }, one(assigned('n1'), issued), { ledger: ledgerWith(aSlot('n1')) }, ['r1: n1 ended done', 'r1: wave-completed w0', 'r1: ended completed', 'slot returned n1 #1 done']],
    ['stuck', { progress: [aProgress('needs-a-person')] }, one(assigned('n1'), issued), { ledger: ledgerWith(aSlot('n1')) }, ['r1: n1 node-stuck', 'r1: paused by farrier failure-budget-spent: 1 failed (n1 needs-a-person); maxFailures is 0']],
    ['removed -> gone, its slot stays', {}, aRollout('r1', aFrozen('r1', [['x']]), opened, assigned('x')), { ledger: ledgerWith(aSlot('x')) }, ['r1: x node-gone', 'r1: ended failed']],
    ['re-installed before it began -> sent again', { progress: [aProgress('staged', { journalId: 'old' })] }, one(assigned('n1')), {}, ['send-assignment n1 r1#1']],
  ])('%s', (_, node, rollout, rest, lines) => {
    expect(linesOf(node, rollout, rest)).toEqual(lines);
  });
});

describe('a refusal', () => {
  test.each<[OutcomeCode, string]>([
    ['store-regressed', 'r1: n1 returned store-regressed'],
    ['generation-stale', 'r1: n1 returned store-regressed'],
    ['epoch-stale', 'r1: n1 returned store-regressed'],
    ['permit-expired', 'r1: n1 returned refused'],
    ['boot-changed', 'r1: n1 returned refused'],
    ['recalled', 'r1: n1 returned refused'],
    ['disk-full', 'r1: n1 ended refused'],
    ['not-allowed', 'r1: n1 ended refused'],
  ])('%s -> %s', (code, line) => {
    expect(linesOf({ progress: [refused(code)] }, one(assigned('n1')))[0]).toBe(line);
  });

  test('that a new generation would mend ends the node after five times', () => {
    const events: RolloutEventBody[] = [];
    const firsts = Array.from({ length: 6 }, (_, index) => {
      const generation = index + 1;
      events.push(assigned('n1', generation));
      const [first] = linesOf({ progress: [{ ...refused('permit-expired'), generation }] }, one(...events));
      events.push({ type: 'node-returned', node: 'n1', generation, reason: 'refused' });
      return first;
    });
    expect(firsts).toEqual([...Array.from({ length: 5 }, () => 'r1: n1 returned refused'), 'r1: n1 ended refused']);
  });
});

describe('an assignment that its agent can never accept goes back', () => {
  test.each<[string, ViewParts, RolloutState, string[]]>([
    ['below what the agent has seen', { session: { ...SESSIONS.connected, hello: aHello({ highestGeneration: 4 }) } }, one(assigned('n1')), ['r1: n1 returned store-regressed', 'assign n1 r1#5']],
    ['signed by a leader that is deposed', {}, one(assigned('n1', 1, { epoch: EPOCH - 1 })), ['r1: n1 returned waiting-for-agent', 'assign n1 r1#2']],
    ['the same generation is another assignment there', { progress: [aProgress('done', { rollout: 'x', digest: 'x' })], session: { ...SESSIONS.connected, hello: aHello({ highestGeneration: 1 }) } }, one(assigned('n1')), ['r1: n1 returned store-regressed', 'assign n1 r1#2']],
  ])('%s', (_, node, rollout, lines) => {
    expect(linesOf(node, rollout)).toEqual(lines);
  });
});

describe('generations are allocated above whatever', () => {
  test.each<[string, ViewParts, Partial<WorldParts>, number]>([
    ['nobody has seen', {}, {}, 1],
    ['the agent has seen', { session: { ...SESSIONS.connected, hello: aHello({ highestGeneration: 7 }) } }, {}, 8],
    ['the journal tells', { progress: [aProgress('done', { generation: 5, rollout: 'x' })] }, {}, 6],
    ['another rollout gave', {}, { rollouts: [one(), aRollout('x', aFrozen('x', [['n1']]), assigned('n1', 9), { type: 'node-ended', node: 'n1', generation: 9, end: { state: 'done' } }, { type: 'paused', by: 'a', reason: 'paused-by-person', detail: '' })] }, 10],
    ['a person gave up', {}, { ledger: aLedger({ type: 'slots-taken', epoch: EPOCH, slots: [aSlot('n1', { generation: 3 })] }, { type: 'slot-forgotten', epoch: EPOCH, node: 'n1', by: 'a', why: '' }) }, 4],
  ])('%s', (_, node, rest, generation) => {
    expect(linesOf(node, one(), rest)).toContain(`assign n1 r1#${generation}`);
  });
});

describe('a rollout that grants no more', () => {
  const staged = { progress: [aProgress('staged')] };
  const slot = { ledger: ledgerWith(aSlot('n1')) };
  test.each<[string, ViewParts, RolloutState, Partial<WorldParts>, string[]]>([
    ['paused: assigns nothing', {}, one(paused), {}, []],
    ['paused: sends nothing', {}, one(assigned('n1'), paused), {}, []],
    ['paused: grants nothing, and leaves what cannot begin', staged, one(assigned('n1'), paused), {}, []],
    ['paused: permits nothing, takes the slot back', { ...staged, permitRequest: request }, one(assigned('n1'), paused), slot, ['r1: n1 recall-asked', 'recall n1 r1#1']],
    ['paused: takes a permit back', staged, one(assigned('n1'), issued, paused), slot, ['r1: n1 recall-asked', 'recall n1 r1#1']],
    ['paused: repeats the recall', staged, one(assigned('n1'), issued, paused, recallAsked), slot, ['recall n1 r1#1']],
    ['paused: what has begun goes on', { progress: [aProgress('active')] }, one(assigned('n1'), issued, paused), slot, []],
    ['paused: a recall is acknowledged', { progress: [refused('recalled')] }, one(assigned('n1'), issued, paused, recallAsked), slot, ['r1: n1 returned paused-by-person', 'slot returned n1 #1 recalled']],
    ['resumed too early: the recall is not forgotten', staged, one(assigned('n1'), issued, paused, recallAsked, { type: 'resumed', by: 'ann' }), slot, ['recall n1 r1#1']],
    ['aborting: clears what is staged', staged, one(assigned('n1'), aborted), {}, ['r1: n1 recall-asked', 'recall n1 r1#1']],
    ['aborting: waits for what has begun', { progress: [aProgress('active')] }, one(assigned('n1'), issued, aborted), slot, []],
    ['aborting: waits for a person', { progress: [aProgress('needs-a-person')] }, one(assigned('n1'), issued, aborted), slot, ['r1: n1 node-stuck']],
    ['aborting: does not wait for what is not there', { session: SESSIONS.lost }, one(assigned('n1'), aborted), {}, ['r1: ended aborted']],
    ['aborting -> ended', { progress: [aProgress('done')] }, one(assigned('n1'), issued, aborted), slot, ['r1: n1 ended done', 'r1: ended aborted', 'slot returned n1 #1 done']],
  ])('%s', (_, node, rollout, rest, lines) => {
    expect(linesOf(node, rollout, rest)).toEqual(lines);
  });
});

test('a rollout whose decision throws is held, and the others go on', () => {
  const broken = { ...aRollout('r0', aFrozen('r0', [['n2']])), frozen: { ...aFrozen('r0', [['n2']]), waves: null as unknown as [] } };
  const world = aWorld({ nodes: [aView('n1'), aView('n2')], rollouts: [broken, one()] });
  const lines = decisionLines(decide(world, NOW));
  expect(lines[0]).toMatch(/^r0: paused by farrier internal-error: /);
  expect(lines).toContain('assign n1 r1#1');
});

test('a rollout that is held already stays as it is when it throws again', () => {
  const held = aRollout('r0', aFrozen('r0', [['n2']]), { type: 'paused', by: 'farrier', reason: 'internal-error', detail: '' });
  const broken = { ...held, frozen: { ...held.frozen, waves: null as unknown as [] } };
  expect(decide(aWorld({ nodes: [aView('n2')], rollouts: [broken] }), NOW)).toEqual([]);
});
