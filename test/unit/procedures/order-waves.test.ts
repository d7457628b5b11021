import { expect, test } from 'vitest';

import type { Hop } from '../../../shared/procedures/composition.ts';
import { orderWaves } from '../../../shared/procedures/order-waves.ts';

const STEP = [{ step: { kind: 'service', name: 's', timeoutMs: 1, unit: 'a.service', action: 'restart', looks: 1, lookIntervalMs: 1 }, because: '' }] as const;
const ORDER = { first: new Set(['a-cp1', 'b-cp1']), controlPlane: new Set(['a-cp2', 'a-cp3', 'b-cp2']) };

function ordered(waves: Record<string, readonly string[]>, { isLast = true, leftOut = [] as readonly string[] } = {}): string[] {
  const nodes = Object.values(waves).flat().filter((node) => !leftOut.includes(node));
  const hop: Hop = { target: '', steps: new Map(nodes.map((node) => [node, STEP])), order: ORDER, noReturn: new Set(), facts: new Map() };
  const written = Object.entries(waves).map(([name, names]) => ({ name, nodes: names, soakMs: 7, needsAll: false }));
  return orderWaves(written, hop, (node) => node.slice(0, 1), isLast).map(({ name, nodes: taken, soakMs, needsAll }) => `${name}: ${taken.join(' ')} ${soakMs}${needsAll ? ' all' : ''}`);
}

test('the control plane goes before everything else of its cluster, its first node alone', () => {
  expect(ordered({ all: ['a-cp1', 'a-cp2', 'a-cp3', 'a-w1', 'a-w2'] })).toEqual(['all-first-control-plane: a-cp1 0 all', 'all-control-plane: a-cp2 a-cp3 0 all', 'all: a-w1 a-w2 7']);
});

test('it moves up to the first wave that has any node of its cluster; other clusters stay where the plan has them', () => {
  expect(ordered({ canary: ['a-w1'], rest: ['a-cp1', 'a-cp2', 'a-w2', 'b-cp1', 'b-cp2', 'b-w1'] })).toEqual([
    ...['canary-first-control-plane: a-cp1 0 all', 'canary-control-plane: a-cp2 0 all', 'canary: a-w1 7'],
    ...['rest-first-control-plane: b-cp1 0 all', 'rest-control-plane: b-cp2 0 all', 'rest: a-w2 b-w1 7'],
  ]);
});

test('the last part keeps name and soak, a part without nodes is none, and a name that is taken gets a number', () => {
  expect(ordered({ 'cp-first-control-plane': ['b-cp1'], cp: ['a-cp1', 'a-cp2'], workers: ['a-w1'] }, { leftOut: ['a-w1'] })).toEqual([
    'cp-first-control-plane: b-cp1 7 all',
    'cp-first-control-plane-2: a-cp1 0 all',
    'cp: a-cp2 7 all',
  ]);
});

test('before another hop every node is needed', () => {
  expect(ordered({ all: ['a-cp1', 'a-w1'] }, { isLast: false })).toEqual(['all-first-control-plane: a-cp1 0 all', 'all: a-w1 7 all']);
});
