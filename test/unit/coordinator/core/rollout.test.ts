import { describe, expect, test } from 'vitest';

import type { RolloutEventBody } from '../../../../coordinator/core/rollout-event.ts';
import { evolveRollout } from '../../../../coordinator/core/rollout.ts';
import type { FrozenPlan } from '../../../../shared/domain/plan.ts';
import { aFrozen, aRollout, assigned, done, further, NOW, reverted } from '../../../support/world-builder.ts';

const frozen = aFrozen('r1', [['n1'], ['n2', 'n3']]);
const opened: RolloutEventBody = { type: 'wave-opened', wave: 'w0' };
const completed: RolloutEventBody = { type: 'wave-completed', wave: 'w0' };
const paused: RolloutEventBody = { type: 'paused', by: 'ann', reason: 'paused-by-person', detail: '' };
const resumed: RolloutEventBody = { type: 'resumed', by: 'ann' };
const aborted: RolloutEventBody = { type: 'aborted', by: 'ann', why: '' };
const rollbackAsked: RolloutEventBody = { type: 'rollback-asked', by: 'ann', why: '' };
const rollbackStarted: RolloutEventBody = { type: 'rollback-started', rollback: 'r2' };
const ended = (status: 'completed' | 'failed' | 'aborted' | 'rolled-back'): RolloutEventBody => ({ type: 'ended', status });
const returned = (reason: 'aborted' | 'store-regressed'): RolloutEventBody => ({ type: 'node-returned', node: 'n1', generation: 1, reason });
const givenUp: RolloutEventBody = { type: 'drain-given-up', node: 'n1', generation: 1, outcome: { code: 'drain-given-up', message: '', object: '' } };

describe('status: from -> to', () => {
  test.each<[string, RolloutEventBody[], string]>([
    ['started', [], 'running'],
    ['running -> paused', [paused], 'paused'],
    ['paused -> running', [paused, resumed], 'running'],
    ['running -> aborting', [aborted], 'aborting'],
    ['paused -> aborting', [paused, aborted], 'aborting'],
    ['aborting -> ended', [aborted, ended('aborted')], 'ended'],
    ['running -> rolling back', [rollbackAsked], 'rolling-back'],
    ['aborting -> rolling back', [aborted, rollbackAsked], 'rolling-back'],
    ['completed -> rolling back', [ended('completed'), rollbackAsked], 'rolling-back'],
    ['rolling back -> started', [rollbackAsked, rollbackStarted], 'rolling-back'],
    ['rolling back -> rolled back', [rollbackAsked, rollbackStarted, ended('rolled-back')], 'ended'],
    ['rolling back -> aborting', [rollbackAsked, aborted], 'aborting'],
    ['running -> completed', [ended('completed')], 'ended'],
    ['running -> failed', [ended('failed')], 'ended'],
  ])('%s', (_, events, state) => {
    expect(aRollout('r1', frozen, ...events).status.state).toBe(state);
  });

  test.each<[string, RolloutEventBody[]]>([
    ['paused twice', [paused, paused]],
    ['resumed while running', [resumed]],
    ['resumed after abort', [aborted, resumed]],
    ['completed while paused', [paused, ended('completed')]],
    ['aborted that nobody aborted', [ended('aborted')]],
    ['rolled back that nobody asked for', [ended('rolled-back')]],
    ['rollback twice', [rollbackAsked, rollbackAsked]],
    ['rollback after a rollback', [rollbackAsked, ended('rolled-back'), rollbackAsked]],
    ['two rollbacks started', [rollbackAsked, rollbackStarted, rollbackStarted]],
    ['started twice', [{ type: 'started', frozen, by: 'ann' }]],
    ['anything after the end', [ended('failed'), opened, assigned('n1')]],
    ['a wave opened twice', [opened, opened]],
    ['a wave opened out of order', [{ type: 'wave-opened', wave: 'w1' }]],
    ['a wave opened before the one before it completed', [opened, { type: 'wave-opened', wave: 'w1' }]],
    ['an unknown wave', [{ type: 'wave-opened', wave: 'w9' }]],
    ['a wave completed that is closed', [completed]],
    ['an unknown node', [assigned('n9')]],
    ['assigned while paused', [paused, assigned('n1')]],
    ['assigned twice', [assigned('n1'), assigned('n1', 2)]],
    ['assigned under an old generation', [assigned('n1', 2), { type: 'node-returned', node: 'n1', generation: 2, reason: 'refused' }, assigned('n1', 2)]],
    ['permitted while paused', [assigned('n1'), paused, { type: 'permit-issued', node: 'n1', generation: 1, requestId: 'q' }]],
    ['permitted after its drain was given up', [assigned('n1'), givenUp, { type: 'permit-issued', node: 'n1', generation: 1, requestId: 'q' }]],
    ['given up under an old generation', [assigned('n1', 2), givenUp]],
    ['permitted after its recall', [assigned('n1'), { type: 'recall-asked', node: 'n1', generation: 1 }, { type: 'permit-issued', node: 'n1', generation: 1, requestId: 'q' }]],
    ['ended under another generation', [assigned('n1', 2), done('n1', 1)]],
    ['ended without an assignment', [done('n1')]],
    ['deferred after its permit', [assigned('n1'), { type: 'permit-issued', node: 'n1', generation: 1, requestId: 'q' }, { type: 'node-deferred', node: 'n1' }]],
    ['gone after its end', [assigned('n1'), done('n1'), { type: 'node-gone', node: 'n1' }]],
  ])('throws on %s', (_, events) => {
    expect(() => aRollout('r1', frozen, ...events)).toThrow(/illegal|cannot open|is not open/);
  });
});

test('throws where a log has a hole or begins without its start', () => {
  expect(() => evolveRollout('r1', aRollout('r1', frozen), 3, { ...opened, wallUnixMs: 0 })).toThrow(/event 3 .* follows 1/);
  expect(() => evolveRollout('r1', null, 1, { ...opened, wallUnixMs: 0 })).toThrow(/begins with wave-opened/);
});

test('a rollback is never rolled back', () => {
  expect(() => aRollout('r1', { ...frozen, rollbackOf: 'r0' }, rollbackAsked)).toThrow(/illegal/);
});

describe('failures', () => {
  const stuck: RolloutEventBody = { type: 'node-stuck', node: 'n1', generation: 1 };
  test.each<[string, RolloutEventBody[], number]>([
    ['done', [assigned('n1'), done('n1')], 0],
    ['reverted', [assigned('n1'), reverted('n1')], 1],
    ['stuck', [assigned('n1'), stuck], 1],
    ['stuck, said twice', [assigned('n1'), stuck, stuck], 1],
    ['stuck, then finished by a person', [assigned('n1'), stuck, done('n1')], 0],
    ['stuck, then put back by a person', [assigned('n1'), stuck, reverted('n1')], 1],
    ['returned', [assigned('n1'), returned('store-regressed')], 0],
  ])('%s: counted %#', (_, events, failures) => {
    expect(aRollout('r1', frozen, ...events).failures).toBe(failures);
  });

  test('a person who resumes has seen them', () => {
    expect(aRollout('r1', frozen, assigned('n1'), reverted('n1'), paused, resumed).failuresSeen).toBe(1);
  });
});

test('a node that came back by itself is counted, one that was recalled is not', () => {
  expect(aRollout('r1', frozen, assigned('n1'), returned('store-regressed')).nodes.get('n1')).toMatchObject({ state: 'waiting', generation: 1, returns: 1 });
  expect(aRollout('r1', frozen, assigned('n1'), returned('aborted')).nodes.get('n1')).toMatchObject({ returns: 0 });
});

test('folding many events at once is folding them one by one', () => {
  const events = [opened, assigned('n1'), done('n1'), completed];
  const atOnce = aRollout('r1', frozen, ...events);
  let one = aRollout('r1', frozen);
  for (const event of events) one = evolveRollout('r1', one, one.sequence + 1, { ...event, wallUnixMs: NOW.wallUnixMs - 60_000 });
  expect(one).toEqual(atOnce);
});

test('an older state is left as it was', () => {
  const before = aRollout('r1', frozen);
  further(before, opened, assigned('n1'));
  expect(before).toEqual(aRollout('r1', frozen));
});

test('a log that was begun before there were drains drains nothing', () => {
  const { drained: _, ...older } = frozen;
  expect(aRollout('r1', older as FrozenPlan).frozen.drained).toEqual([]);
});
