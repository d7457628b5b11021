import { expect, test } from 'vitest';

import { printPlan } from '../../../coordinator/cli/print/print-plan.ts';

test('what only a person may apply stands there as it is applied', () => {
  const manifest = 'apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: { name: wasm }\nhandler: wasm\n';
  expect(printPlan({ diagnostics: [], hops: [], satisfied: [], notChecked: [], manifests: [manifest] }).slice(1)).toEqual([
    'pods name a runtime by its RuntimeClass, which no host may make; with kubectl apply -f:',
    '  ---', '  apiVersion: node.k8s.io/v1', '  kind: RuntimeClass', '  metadata: { name: wasm }', '  handler: wasm',
  ]);
});
