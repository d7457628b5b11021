import fc from 'fast-check';
import { expect, test } from 'vitest';

import { NO_FAULTS } from '../simulation/faults.ts';
import { simulate } from '../simulation/simulate.ts';

test('I12: with healthy nodes and open gates every rollout is completed', async () => {
  let rollouts = 0;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 1_000_000 }), async (seed) => {
      const { breaches, ends } = await simulate(seed, { faults: NO_FAULTS });
      expect(breaches).toEqual([]);
      expect(new Set(Object.values(ends))).toEqual(new Set(['completed']));
      rollouts += Object.keys(ends).length;
    }),
    { numRuns: 60, seed: 1 },
  );
  expect(rollouts).toBeGreaterThan(90);
});

test('I12: with hosts that fail every rollout still comes to an end, though a person has to resume it, or to give it up', async () => {
  const ends = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 1_000_000 }), async (seed) => {
      const result = await simulate(seed, { faults: { ...NO_FAULTS, stepFails: 0.5, hostSticks: 0.3 } });
      expect(result.breaches).toEqual([]);
      for (const end of Object.values(result.ends)) ends.set(end, (ends.get(end) ?? 0) + 1);
    }),
    { numRuns: 60, seed: 1 },
  );
  expect([...ends.keys()].toSorted()).toEqual(['aborted', 'completed', 'failed', 'rolled-back']);
});
