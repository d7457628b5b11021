import { describe, expect, test } from 'vitest';

import { steer } from '../../../coordinator/api/steer-rollout.ts';
import type { RolloutEventBody } from '../../../coordinator/core/rollout-event.ts';
import type { RolloutState } from '../../../coordinator/core/rollout.ts';
import type { KubeadmUpgrade } from '../../../shared/domain/procedure.ts';
import { aFrozen, aPlan, aRollout, assigned, aView, aWorld, done, reverted } from '../../support/world-builder.ts';

const UPGRADE = { kind: 'kubeadm-upgrade', version: '1.34.1' } as KubeadmUpgrade;
const ENDED: RolloutEventBody[] = [{ type: 'wave-opened', wave: 'w0' }, assigned('n1'), done('n1'), { type: 'ended', status: 'completed' }];
const BROUGHT_BACK: RolloutEventBody[] = [...ENDED, { type: 'rollback-asked', by: 'ann', why: '' }, { type: 'ended', status: 'rolled-back' }];

interface Started {
  readonly startedUnixMs?: number;
  readonly noReturn?: readonly string[];
  readonly procedure?: KubeadmUpgrade | null;
}

function upgrade(id: string, events: readonly RolloutEventBody[], { startedUnixMs = 1, noReturn = [], procedure = UPGRADE }: Started = {}): RolloutState {
  return { ...aRollout(id, aFrozen(id, [['n1']], { plan: aPlan({ procedure }), noReturn }), ...events), startedUnixMs };
}

function rollBack(rollout: RolloutState, ...others: readonly RolloutState[]): unknown {
  const world = aWorld({ nodes: [aView('n1', { record: { cluster: 'prod' } })], rollouts: [rollout, ...others] });
  return steer(world, rollout, 'STEERING_ROLLBACK', 'ann', 'why');
}

describe('a rollback of what changed versions', () => {
  const first = upgrade('r1', ENDED);
  test.each<[string, readonly RolloutState[], boolean]>([
    ['nothing came after it', [], true],
    ['the cluster went further since', [upgrade('r2', ENDED, { startedUnixMs: 2 })], false],
    ['what came after it was brought back', [upgrade('r2', BROUGHT_BACK, { startedUnixMs: 2 })], true],
    ['what came after it changed no version', [upgrade('r2', ENDED, { startedUnixMs: 2, procedure: null })], true],
    ['what went further was before it', [upgrade('r0', ENDED, { startedUnixMs: 0 })], true],
  ])('%s', (_, others, isAllowed) => {
    if (isAllowed) expect(rollBack(first, ...others)).toMatchObject({ type: 'rollback-asked' });
    else expect(() => rollBack(first, ...others)).toThrow(/rollout r2 has since taken a cluster of r1 further/u);
  });

  test('says so where nothing can be brought back', () => {
    expect(() => rollBack(upgrade('r1', ENDED, { noReturn: ['n1'] }))).toThrow('n1 are past their point of no return');
  });
});

describe('a resume', () => {
  const held: RolloutEventBody = { type: 'paused', by: 'farrier', reason: 'failure-budget-spent', detail: '' };
  const resume = (waves: string[][], ...events: RolloutEventBody[]): unknown => {
    const rollout = aRollout('r1', aFrozen('r1', waves), { type: 'wave-opened', wave: 'w0' }, ...events, held);
    return steer(aWorld({ nodes: [], rollouts: [rollout] }), rollout, 'STEERING_RESUME', 'ann', 'seen');
  };

  test('goes on where the wave can still complete', () => {
    expect(resume([['n1', 'n2']], assigned('n1'), reverted('n1'))).toMatchObject({ type: 'resumed' });
  });

  test('is refused where it would only end the rollout', () => {
    expect(() => resume([['n1'], ['n2']], assigned('n1'), reverted('n1'))).toThrow(/wave w0 of rollout r1 cannot complete any more: .*rollback r1.*abort.*start the plan again/u);
  });
});
