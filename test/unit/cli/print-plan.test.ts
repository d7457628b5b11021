import { expect, test } from 'vitest';

import { printPlan, printRefusedPlan } from '../../../coordinator/cli/print/print-plan.ts';

test('what only a person may apply stands there as it is applied', () => {
  const manifest = 'apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: { name: wasm }\nhandler: wasm\n';
  expect(printPlan({ diagnostics: [], hops: [], satisfied: [], notChecked: [], manifests: [manifest] }).slice(1)).toEqual([
    'pods name a runtime by its RuntimeClass, which no host may make; with kubectl apply -f:',
    '  ---', '  apiVersion: node.k8s.io/v1', '  kind: RuntimeClass', '  metadata: { name: wasm }', '  handler: wasm',
  ]);
});

test('nothing of a plan that is refused is to be applied', () => {
  const group = { nodes: ['n1'], role: '', drained: false, drainedBecause: '', steps: [{ name: 'containerd', kind: 'containerd', detail: '', because: '' }] };
  const checked = { diagnostics: [], hops: [{ target: '', maxUnavailable: 1, wantedUnavailable: 1, waves: [{ name: 'all', nodes: ['n1'] }], groups: [group] }], satisfied: [], notChecked: [], manifests: ['kind: RuntimeClass\n'] };
  expect(printPlan(checked).at(-1)).toBe('  kind: RuntimeClass');
  expect(printRefusedPlan(checked).at(-1)).toBe('    1. containerd');
});
