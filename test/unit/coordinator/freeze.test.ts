import { describe, expect, test } from 'vitest';

import type { RolloutState } from '../../../coordinator/core/rollout.ts';
import { freezeRollback } from '../../../coordinator/runtime/freeze-rollback.ts';
import { parsePlan } from '../../../shared/plan/parse-plan.ts';
import { freezeFor } from '../../support/freeze-for.ts';

const PLAN = `apiVersion: farrier/v1
kind: Plan
metadata: { name: p }
spec:
  maxUnavailable: 50%
  maxFailures: 3
  onFailure: rollback
  waves: [{ name: first, most: 1 }, { name: second }]
  steps:
    - packages: { install: { hello: "1" }, sources: [s] }
    - service: { restart: hello.service }
`;

function frozen() {
  const parsed = parsePlan(PLAN, 'p.yaml');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  return freezeFor(parsed.plan, [['a'], ['b', 'c']]);
}

describe('freezing', () => {
  test('a percentage is of the rollout’s nodes, rounded down, and every node has the same digest', () => {
    const { maxUnavailable, targets } = frozen();
    expect(maxUnavailable).toBe(1);
    expect(new Set(Object.values(targets).map(({ digest }) => digest)).size).toBe(1);
    expect(Object.keys(targets)).toEqual(['a', 'b', 'c']);
  });

  test('a rollback takes the nodes that are done, waves reversed, each with the generation that it reverts', () => {
    const ended = (generation: number, state: 'done' | 'reverted') => ({ state: 'ended', generation, end: { state, outcome: null }, atUnixMs: 0 });
    const rollout = { id: 'p-1', frozen: frozen(), nodes: new Map([['a', ended(4, 'done')], ['b', ended(2, 'reverted')], ['c', ended(7, 'done')]]) } as unknown as RolloutState;
    const back = freezeRollback(rollout);
    expect(back.waves).toEqual([
      { name: 'second', nodes: ['c'], soakMs: 0, needsAll: false },
      { name: 'first', nodes: ['a'], soakMs: 0, needsAll: false },
    ]);
    expect(back.targets['c']).toMatchObject({ kind: 'revert', of: { rollout: 'p-1', generation: 7 } });
    expect(back.targets['b']).toBeUndefined();
    expect(back.plan).toMatchObject({ name: 'p-back', maxFailures: 0, onFailure: 'pause' });
    expect(back.rollbackOf).toBe('p-1');
  });
});
