import { describe, expect, test } from 'vitest';

import { freezePlan } from '../../../../coordinator/runtime/freeze-plan.ts';
import { resolvePlan } from '../../../../coordinator/runtime/resolve-plan.ts';
import { showPlan } from '../../../../coordinator/runtime/show-plan.ts';
import { formatDiagnostic } from '../../../../shared/plan/format-diagnostic.ts';
import { BARE_HOST, CONTROL_PLANE } from '../../../support/example-facts.ts';
import { aFleet, aMember } from '../../../support/fleet-state.ts';

const CONTAINERD_2 = '  procedure:\n    packages: { install: { containerd: "2" }, sources: [s], restart: [containerd.service] }\n';

function plan(spec: string): string {
  return `apiVersion: farrier/v1\nkind: Plan\nmetadata: { name: p }\nspec:\n${spec}`;
}

function linesOf(...args: Parameters<typeof resolvePlan>): string[] {
  return resolvePlan(...args).diagnostics.map((diagnostic) => formatDiagnostic(diagnostic));
}

function host(name: string, containerd: string) {
  return aMember(name, { ...BARE_HOST, packages: { containerd } });
}

describe('a procedure', () => {
  test('gives each node its own sequence, stored once by its digest; nodes at the target are satisfied', () => {
    const { resolved } = resolvePlan(aFleet([host('n1', '1.6'), host('n2', '1.7'), host('n3', '2')]), plan(`  maxUnavailable: 2\n${CONTAINERD_2}`), 'p.yaml');
    const frozen = freezePlan(resolved!);
    expect(frozen.waves).toEqual([{ name: 'all', nodes: ['n1', 'n2'], soakMs: 0, needsAll: false }]);
    expect(frozen.satisfied).toEqual(['n3']);
    expect(Object.keys(frozen.sequences)).toEqual([frozen.targets['n1']?.digest]);
    expect(frozen.targets['n3']).toBeUndefined();
    const shown = showPlan(resolved!, frozen);
    expect(shown.satisfied).toEqual(['n3']);
    expect(shown.hops?.[0]?.groups?.map(({ nodes, steps }) => [nodes, steps?.[1]])).toEqual([
      [['n1'], { name: 'packages', kind: 'packages', detail: 'containerd 2', because: 'containerd is 1.6' }],
      [['n2'], { name: 'packages', kind: 'packages', detail: 'containerd 2', because: 'containerd is 1.7' }],
    ]);
  });

  test('starts nothing where nothing is to do', () => {
    expect(linesOf(aFleet([host('n1', '2')]), plan(CONTAINERD_2), 'p.yaml')).toEqual(['p.yaml:6:15 spec.procedure.packages: every node that it takes is at the target already; there is nothing to do']);
  });
});

test('an agent that does not know a kind of step is named with its version', () => {
  const old = aMember('n2', BARE_HOST, { stepKinds: ['packages'], agentVersion: '0.0.9' });
  expect(linesOf(aFleet([aMember('n1', BARE_HOST), old]), plan('  steps: [{ service: { restart: a.service } }]\n'), 'p.yaml')).toEqual([
    'p.yaml:5:3 spec: agents of version 0.0.9 know no step of kind service (n2); upgrade these agents first',
  ]);
});

describe('control planes', () => {
  const steps = '  steps: [{ service: { restart: a.service } }]\n';
  const members = (count: number) => Array.from({ length: count }, (_, index) => aMember(`cp-${index + 1}`, CONTROL_PLANE, { labels: { n: String(index) } }));

  test.each<[string, number, string, string[]]>([
    ['three members can lose one', 3, steps, []],
    ['two cannot', 2, steps, ['p.yaml:5:3 spec: cluster prod has 2 control-plane nodes (cp-1, cp-2) and cannot lose one; write allowControlPlaneOutage: true, or leave cp-1, cp-2 out']],
    ['unless the plan says so', 1, `  allowControlPlaneOutage: true\n${steps}`, []],
    ['a cluster has all of its members, whoever is selected', 3, `  select: { labels: { n: "0" } }\n${steps}`, []],
  ])('%s', (_, count, spec, expected) => {
    expect(linesOf(aFleet([...members(count), aMember('w-1', BARE_HOST)]), plan(spec), 'p.yaml')).toEqual(expected);
  });

  test('are frozen with all members of the cluster, whoever is selected', () => {
    const { resolved } = resolvePlan(aFleet([...members(3), aMember('x-1', CONTROL_PLANE, { cluster: 'other' })]), plan(`  select: { labels: { n: "0" } }\n${steps}`), 'p.yaml');
    expect(freezePlan(resolved!).controlPlanes).toEqual({ prod: ['cp-1', 'cp-2', 'cp-3'] });
  });
});
