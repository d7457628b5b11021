import { expect, test } from 'vitest';

import { planWaves } from '../../../../coordinator/core/plan-waves.ts';
import type { WaveSpec } from '../../../../shared/domain/plan.ts';
import { aPlan, aRecord } from '../../../support/world-builder.ts';

const nodes = ['n3', 'n1', 'n4', 'n2'].map((name) => aRecord(name, { labels: { role: name < 'n3' ? 'edge' : 'core' } }));
const wave = (name: string, labels: Record<string, string> = {}, most: WaveSpec['most'] = null): WaveSpec => ({ name, select: { labels }, most, soakMs: 5 });

test.each<[string, WaveSpec[], string[][]]>([
  ['one wave takes all, by name', [wave('all')], [['n1', 'n2', 'n3', 'n4']]],
  ['an earlier wave takes first', [wave('edge', { role: 'edge' }), wave('rest')], [['n1', 'n2'], ['n3', 'n4']]],
  ['`most` caps in nodes', [wave('canary', {}, { unit: 'nodes', value: 1 }), wave('rest')], [['n1'], ['n2', 'n3', 'n4']]],
  ['`most` caps in percent of what the plan selects', [wave('half', {}, { unit: 'percent', value: 50 }), wave('rest')], [['n1', 'n2'], ['n3', 'n4']]],
  ['a small percentage is one node', [wave('canary', {}, { unit: 'percent', value: 1 }), wave('rest')], [['n1'], ['n2', 'n3', 'n4']]],
])('%s', (_, waves, taken) => {
  const planned = planWaves(aPlan({ waves }), nodes);
  expect(planned.waves.map((one) => one.nodes)).toEqual(taken);
  expect(planned.waves.every(({ soakMs }) => soakMs === 5)).toBe(true);
  expect(planned.problems).toEqual([]);
});

test.each<[string, WaveSpec[], Record<string, string>, [string, string, RegExp][]]>([
  ['no node selected', [wave('all')], { role: 'none' }, [['spec.select', 'no-node-selected', /role=none/]]],
  ['no wave', [], {}, [['spec.waves', 'no-wave', /add one/]]],
  ['an empty wave', [wave('all'), wave('late', { role: 'edge' })], {}, [['spec.waves[1]', 'empty-wave', /late takes no node.*role=edge/]]],
  ['nodes in no wave', [wave('edge', { role: 'edge' })], {}, [['spec.waves', 'node-in-no-wave', /2 nodes .*n3, n4/]]],
  ['one name for two waves', [wave('a', { role: 'edge' }), wave('a')], {}, [['spec.waves[1].name', 'wave-named-twice', /named a/]]],
  [
    'all problems at once',
    [wave('none', { role: 'none' }), wave('edge', { role: 'edge' })],
    {},
    [['spec.waves[0]', 'empty-wave', /none/], ['spec.waves', 'node-in-no-wave', /n3/]],
  ],
])('problem: %s', (_, waves, labels, expected) => {
  const { problems } = planWaves(aPlan({ select: { labels }, waves }), nodes);
  expect(problems.map(({ path, code }) => [path, code])).toEqual(expected.map(([path, code]) => [path, code]));
  for (const [index, [, , message]] of expected.entries()) expect(problems[index]?.message).toMatch(message);
});
