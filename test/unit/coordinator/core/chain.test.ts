import { describe, expect, test } from 'vitest';

import { hopAtHand, nextHopId } from '../../../../coordinator/core/chain.ts';
import { decide } from '../../../../coordinator/core/decide.ts';
import type { RolloutEventBody } from '../../../../coordinator/core/rollout-event.ts';
import type { RolloutState } from '../../../../coordinator/core/rollout.ts';
import type { FrozenPlan } from '../../../../shared/domain/plan.ts';
import { applyDecisions } from '../../../support/apply-decisions.ts';
import { decisionLines } from '../../../support/decision-lines.ts';
import { aFrozen, aRollout, assigned, aView, aWorld, done, NOW } from '../../../support/world-builder.ts';

const last: FrozenPlan = aFrozen('r1', [['n1']], { chain: { hop: 3, hops: 3, target: 'v1.36.1', next: null } });
const second: FrozenPlan = aFrozen('r1', [['n1']], { chain: { hop: 2, hops: 3, target: 'v1.35.4', next: last } });
const first: FrozenPlan = aFrozen('r1', [['n1']], { chain: { hop: 1, hops: 3, target: 'v1.34.9', next: second } });

const allDone: RolloutEventBody[] = [{ type: 'wave-opened', wave: 'w0' }, assigned('n1'), done('n1'), { type: 'wave-completed', wave: 'w0' }];
const ended = (status: 'completed' | 'failed' | 'aborted' | 'rolled-back'): RolloutEventBody => ({ type: 'ended', status });

function linesOf(...rollouts: readonly RolloutState[]): string[] {
  return decisionLines(decide(aWorld({ nodes: [aView('n1')], rollouts }), NOW)).filter((line) => line.startsWith('start-hop'));
}

describe('the next hop', () => {
  test.each<[string, RolloutEventBody[], string[]]>([
    ['waits while the one before it runs', [], []],
    ['waits while it is paused', [{ type: 'paused', by: 'ann', reason: 'paused-by-person', detail: '' }], []],
    ['starts when it is completed', [...allDone, ended('completed')], ['start-hop r1-hop-2']],
    ['starts in the tick that completes it', allDone, ['start-hop r1-hop-2']],
    ['never starts after one that failed', [ended('failed')], []],
    ['never starts after one that was aborted', [{ type: 'aborted', by: 'ann', why: '' }, ended('aborted')], []],
    ['never starts after one that is brought back', [...allDone, ended('completed'), { type: 'rollback-asked', by: 'ann', why: '' }], []],
  ])('%s', (_, events, expected) => {
    expect(linesOf(aRollout('r1', first, ...events))).toEqual(expected);
  });

  test('is started once, under a name that follows from the chain’s', () => {
    const before = aWorld({ nodes: [aView('n1')], rollouts: [aRollout('r1', first, ...allDone, ended('completed'))] });
    const { world } = applyDecisions(before, NOW, decide(before, NOW));
    expect(world.rollouts.get('r1-hop-2')?.frozen).toEqual(second);
    expect(linesOf(...world.rollouts.values())).toEqual([]);
    expect(nextHopId({ id: 'r1-hop-2', frozen: second })).toBe('r1-hop-3');
    expect(nextHopId({ id: 'r1-hop-3', frozen: last })).toBeNull();
  });
});

test('a command for any hop means the one at hand', () => {
  const one = aRollout('r1', first, ...allDone, ended('completed'));
  const two = aRollout('r1-hop-2', second);
  const back = aRollout('r1-hop-2', second, ...allDone, { type: 'rollback-asked', by: 'ann', why: '' }, ended('rolled-back'));
  const known = (...rollouts: RolloutState[]) => new Map(rollouts.map((rollout) => [rollout.id, rollout]));
  expect(hopAtHand(known(one), one).id).toBe('r1');
  expect(hopAtHand(known(one, two), one).id).toBe('r1-hop-2');
  expect(hopAtHand(known(one, back), one).id).toBe('r1');
});
