import { expect, test } from 'vitest';

import { parsePlan } from '../../../shared/plan/parse-plan.ts';

const plan = (spec: object): string => JSON.stringify({ apiVersion: 'farrier/v1', kind: 'Plan', metadata: { name: 'p' }, spec });

test.each([
  ...['stopControlPlane', 'restoreDatastore', 'startDatastore', 'startControlPlane'].map((key) => ({ steps: [{ [key]: {} }] })),
  { procedure: { 'etcd-restore': {} } },
])('%j is refused: no plan restores a datastore', (spec) => {
  const parsed = parsePlan(plan(spec), 'f');
  expect(parsed.ok).toBe(false);
  expect(parsed.ok ? [] : parsed.diagnostics.map(({ message }) => message)).toContainEqual(expect.stringMatching(/is no part of a plan: a datastore is restored by `farrier snapshot restore` alone/));
});
