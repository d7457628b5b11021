import { expect, test } from 'vitest';
import type { Boundary } from '../prove/boundary.ts';
import { rehearse, withStage } from '../prove/proof-stage.ts';
import { hitBoundaries, readPaths } from '../prove/prove-boundaries.ts';

const HOSTS = 3;

/** The boundaries where most can go wrong; `npm run prove:crash` and `npm run prove:powercut` hit every one. */
const POWER_CUTS = {
  upgrade: ['after begin packages', 'before applied packages', 'after applied restart'],
  rollback: ['after permit', 'before applied packages', 'before done'],
  revert: ['after reverting packages', 'before reverted packages', 'before reverted'],
} as const;
const KILLS = { upgrade: ['before accepted', 'after prior packages', 'before verified packages'], rollback: ['before permit', 'after begin packages', 'after verified guard'] } as const;

test('every host ends fully new or fully old when agents are killed and power is cut', { timeout: 240_000 }, async () => {
  const hit = await withStage({ nodes: HOSTS, mutation: 'halt-at-record', label: 'faults.fleet.test' }, async (fresh) => {
    const stage = await rehearse(fresh);
    const paths = await readPaths(stage);
    let count = 0;
    const play = async (path: keyof typeof POWER_CUTS, names: readonly string[], inflicted: 'kill' | 'power cut'): Promise<void> => {
      const boundaries = names.map((name) => named(paths[path], name));
      await hitBoundaries(stage, { path, boundaries, inflicted });
      count += boundaries.length;
    };
    await play('upgrade', POWER_CUTS.upgrade, 'power cut');
    await play('rollback', POWER_CUTS.rollback, 'power cut');
    await play('upgrade', KILLS.upgrade, 'kill');
    await play('rollback', KILLS.rollback, 'kill');
    await play('revert', POWER_CUTS.revert, 'power cut');
    return count;
  });
  expect(hit).toBe(15);
});

function named(boundaries: readonly Boundary[], name: string): Boundary {
  const found = boundaries.find(({ side, label }) => `${side} ${label}` === name);
  if (found === undefined) throw new Error(`no boundary ${name} in ${boundaries.map(({ side, label }) => `${side} ${label}`).join(', ')}`);
  return found;
}
