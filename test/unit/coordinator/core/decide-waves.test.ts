import { describe, expect, test } from 'vitest';

import { decide } from '../../../../coordinator/core/decide.ts';
import type { RolloutEventBody } from '../../../../coordinator/core/rollout-event.ts';
import { decisionLines } from '../../../support/decision-lines.ts';
import { aFrozen, aPlan, aProgress, aRollout, assigned, aView, aWorld, done, later, NOW, reverted, SESSIONS, type ViewParts } from '../../../support/world-builder.ts';

const opened = (wave: string): RolloutEventBody => ({ type: 'wave-opened', wave });
const completed = (wave: string): RolloutEventBody => ({ type: 'wave-completed', wave });
const deferred = (node: string): RolloutEventBody => ({ type: 'node-deferred', node });
const gone = (node: string): RolloutEventBody => ({ type: 'node-gone', node });
const paused: RolloutEventBody = { type: 'paused', by: 'farrier', reason: 'failure-budget-spent', detail: '' };
const resumed: RolloutEventBody = { type: 'resumed', by: 'ann' };
const isDone = (...nodes: string[]): RolloutEventBody[] => nodes.flatMap((node) => [assigned(node), done(node)]);
const hasFailed = (node: string): RolloutEventBody[] => [assigned(node), reverted(node)];
const canaryDone = [opened('w0'), ...isDone('n1'), completed('w0')];

const WAVES = [['n1'], ['n2', 'n3', 'n4', 'n5']];

interface Setting {
  readonly waves?: string[][];
  readonly soakMs?: number;
  readonly maxFailures?: number;
  readonly minDonePercent?: number;
  readonly onFailure?: 'pause' | 'rollback';
  readonly rollbackOf?: string;
  readonly needsAll?: boolean;
  readonly nodes?: Record<string, ViewParts>;
}

/** What is decided about waves, failures and ends; what single nodes are told is left out. */
function verdicts(events: readonly RolloutEventBody[], setting: Setting = {}): string[] {
  const { waves = WAVES, soakMs = 0, maxFailures = 0, minDonePercent = 90, onFailure = 'pause', rollbackOf = null, needsAll = false, nodes = {} } = setting;
  const drawn = aFrozen('r1', waves, { plan: aPlan({ maxFailures, minDonePercent, onFailure }), soakMs, rollbackOf });
  const frozen = { ...drawn, waves: drawn.waves.map((wave) => ({ ...wave, needsAll })) };
  const views = waves.flat().map((name) => aView(name, nodes[name] ?? {}));
  const lines = decisionLines(decide(aWorld({ nodes: views, rollouts: [aRollout('r1', frozen, ...events)] }), NOW));
  return lines.filter((line) => /wave-|paused|rollback|ended (completed|failed|aborted|rolled)/u.test(line)).map((line) => line.replace('r1: ', ''));
}

describe('waves', () => {
  test.each<[string, RolloutEventBody[], Setting, string[]]>([
    ['the first one opens at once', [], {}, ['wave-opened w0']],
    ['the next one waits for the one before it', [opened('w0'), assigned('n1')], {}, []],
    ['opens when the one before it is done', [opened('w0'), ...isDone('n1')], {}, ['wave-completed w0', 'wave-opened w1']],
    ['soaks before that', [opened('w0'), ...isDone('n1')], { soakMs: 1 }, ['wave-completed w0']],
    ['has not soaked long enough', canaryDone, { soakMs: 60_001 }, []],
    ['has soaked', canaryDone, { soakMs: 60_000 }, ['wave-opened w1']],
    ['a deferred node does not hold up its wave', [...canaryDone, opened('w1'), ...isDone('n2', 'n3', 'n4'), deferred('n5')], { nodes: { n5: { session: SESSIONS.away } } }, ['wave-completed w1', 'ended completed']],
    ['a node that is back is caught up before the end', [...canaryDone, opened('w1'), ...isDone('n2', 'n3', 'n4'), deferred('n5')], {}, ['wave-completed w1']],
    ['a canary of which every node is deferred proves nothing', [opened('w0'), deferred('n1')], { nodes: { n1: { session: SESSIONS.away } } }, []],
    ['a canary that is gone proves nothing and never will', [opened('w0'), gone('n1')], {}, ['ended failed']],
    ['a later wave may be gone', [...canaryDone, opened('w1'), gone('n2'), gone('n3'), gone('n4'), gone('n5')], {}, ['wave-completed w1', 'ended completed']],
    ['a wave that needs all of its nodes waits for one that is away', [...canaryDone, opened('w1'), ...isDone('n2', 'n3', 'n4')], { needsAll: true, nodes: { n5: { session: SESSIONS.away } } }, []],
    ['fails with one that failed, whatever share is done', [...canaryDone, opened('w1'), ...isDone('n2', 'n3', 'n4'), ...hasFailed('n5')], { needsAll: true, maxFailures: 1, minDonePercent: 1 }, ['ended failed']],
    ['fails with one that is gone', [...canaryDone, opened('w1'), ...isDone('n2', 'n3', 'n4'), gone('n5')], { needsAll: true }, ['ended failed']],
    ['nothing opens while it is paused', [...canaryDone, paused], {}, []],
  ])('%s', (_, events, setting, expected) => {
    expect(verdicts(events, setting)).toEqual(expected);
  });
});

describe('failures', () => {
  const second = [...canaryDone, opened('w1')];
  test.each<[string, RolloutEventBody[], Setting, RegExp[]]>([
    ['within maxFailures go on', [...second, ...hasFailed('n2')], { maxFailures: 1 }, []],
    ['beyond maxFailures pause', [...second, ...hasFailed('n2'), ...hasFailed('n3')], { maxFailures: 1 }, [/^paused by farrier failure-budget-spent: 2 failed \(n2 reverted verify-failed, n3 .*maxFailures is 1/]],
    ['beyond maxFailures roll back where the plan says so', [...second, ...hasFailed('n2')], { onFailure: 'rollback' }, [/^rollback-asked by farrier: 1 failed/, /^start-rollback/]],
    ['a rollback is never rolled back', [...second, ...hasFailed('n2')], { onFailure: 'rollback', rollbackOf: 'r0' }, [/^paused by farrier failure-budget-spent/]],
    ['none may be in a canary, whatever maxFailures says', [opened('w0'), ...hasFailed('n1')], { maxFailures: 9, minDonePercent: 0 }, [/none may in the canary wave/]],
    ['a single wave is no canary', [opened('w0'), ...hasFailed('n1'), assigned('n2')], { waves: [['n1', 'n2']], maxFailures: 1 }, []],
    ['that a person has seen pause no more', [opened('w0'), ...hasFailed('n1'), paused, resumed], { maxFailures: 9, minDonePercent: 0 }, [/^ended failed/]],
    ['of a canary that a person has seen let the next wave go on', [opened('w0'), ...isDone('n1'), ...hasFailed('n2'), paused, resumed], { waves: [['n1', 'n2'], ['n3']], maxFailures: 9, minDonePercent: 50 }, [/^wave-completed w0/, /^wave-opened w1/]],
    ['a new one after that pauses again', [opened('w0'), ...isDone('n1'), ...hasFailed('n2'), paused, resumed, ...hasFailed('n3')], { waves: [['n1', 'n2', 'n3'], ['n4']] }, [/^paused by farrier/]],
    ['minDonePercent missed in a middle wave pauses', [...canaryDone, opened('w1'), ...hasFailed('n2')], { waves: [['n1'], ['n2'], ['n3']], maxFailures: 9 }, [/wave w1 cannot complete: 0 of 1 nodes are done, minDonePercent is 90/]],
    ['minDonePercent missed in the last wave ends it', [...second, ...isDone('n2', 'n3'), ...hasFailed('n4'), ...hasFailed('n5')], { maxFailures: 2 }, [/^ended failed/]],
    ['within both limits it is completed', [...second, ...isDone('n2', 'n3', 'n4'), ...hasFailed('n5')], { maxFailures: 1, minDonePercent: 75 }, [/^wave-completed w1/, /^ended completed/]],
    ['a canary that got worse and that a person has seen opens nothing', [opened('w0'), ...isDone('n1'), deferred('n2'), completed('w0'), ...hasFailed('n2'), paused, resumed], { waves: [['n1', 'n2'], ['n3']] }, [/^ended failed/]],
    ['a canary that got worse while it soaked pauses', [opened('w0'), ...isDone('n1'), deferred('n2'), completed('w0'), ...hasFailed('n2')], { waves: [['n1', 'n2'], ['n3']], soakMs: 1e9 }, [/^paused by farrier/]],
  ])('%s', (_, events, setting, expected) => {
    const found = verdicts(events, setting);
    expect(found).toHaveLength(expected.length);
    for (const [index, pattern] of expected.entries()) expect(found[index]).toMatch(pattern);
  });
});

describe('a rollback', () => {
  const asked: RolloutEventBody = { type: 'rollback-asked', by: 'ann', why: 'it is slow' };
  const started: RolloutEventBody = { type: 'rollback-started', rollback: 'r2' };
  const frozen = aFrozen('r1', [['n1', 'n2']]);
  const back = aRollout('r2', { ...aFrozen('r2', [['n1']]), rollbackOf: 'r1' }, { type: 'paused', by: 'ann', reason: 'paused-by-person', detail: '' });
  const backEnded = aRollout('r2', { ...aFrozen('r2', [['n1']]), rollbackOf: 'r1' }, { type: 'aborted', by: 'ann', why: '' }, { type: 'ended', status: 'aborted' });
  test.each<[string, RolloutEventBody[], ViewParts, (typeof back)[], string[]]>([
    ['starts when nothing is outstanding', [opened('w0'), ...isDone('n1'), asked], {}, [], ['start-rollback r1']],
    ['has nothing to bring back', [opened('w0'), asked], {}, [], ['r1: ended rolled-back']],
    ['waits for what has begun', [opened('w0'), ...isDone('n1'), assigned('n2'), asked], { progress: [aProgress('active')] }, [], ['slot adopted n2 r1#1']],
    ['does not wait for a person on another host', [opened('w0'), ...isDone('n1'), assigned('n2'), { type: 'node-stuck', node: 'n2', generation: 1 }, asked], { progress: [aProgress('needs-a-person')] }, [], ['slot adopted n2 r1#1', 'start-rollback r1']],
    ['is found again after a crash between its two appends', [opened('w0'), ...isDone('n1'), asked], {}, [back], ['r1: rollback-started r2']],
    ['is waited for', [opened('w0'), ...isDone('n1'), asked, started], {}, [back], []],
    ['is not over while a host still waits for a person', [opened('w0'), ...isDone('n1'), assigned('n2'), { type: 'node-stuck', node: 'n2', generation: 1 }, asked, started], { progress: [aProgress('needs-a-person')] }, [backEnded], ['slot adopted n2 r1#1']],
    ['is over when the other one is', [opened('w0'), ...isDone('n1'), asked, started], {}, [backEnded], ['r1: ended rolled-back']],
  ])('%s', (_, events, node, others, lines) => {
    const world = aWorld({ nodes: [aView('n1'), aView('n2', node)], rollouts: [aRollout('r1', frozen, ...events), ...others] });
    expect(decisionLines(decide(world, NOW))).toEqual(lines);
  });
});

test('time alone opens the wave that soaks', () => {
  const rollout = aRollout('r1', aFrozen('r1', WAVES, { soakMs: 90_000 }), ...canaryDone);
  const world = aWorld({ nodes: WAVES.flat().map((name) => aView(name)), rollouts: [rollout] });
  expect(decide(world, later(NOW, 29_999))).toEqual([]);
  expect(decisionLines(decide(world, later(NOW, 30_000)))[0]).toBe('r1: wave-opened w1');
});

test('what a lost store had staged in a wave that will never open is taken back, and the rollout ends', () => {
  const events = [opened('w0'), gone('n1'), assigned('n2')];
  const end = (state: 'staged' | 'refused') => {
    const nodes = [aView('n2', { progress: [aProgress(state, state === 'refused' ? { outcome: { code: 'recalled', message: '', object: '' } } : {})] })];
    return decisionLines(decide(aWorld({ nodes, rollouts: [aRollout('r1', aFrozen('r1', [['n1'], ['n2']]), ...events)] }), NOW));
  };
  expect(end('staged')).toEqual(['r1: n2 recall-asked', 'recall n2 r1#1']);
  expect(end('refused').at(-1)).toBe('r1: ended failed');
});
