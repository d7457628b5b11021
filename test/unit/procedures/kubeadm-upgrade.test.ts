import { describe, expect, test } from 'vitest';

import type { KubeadmUpgrade } from '../../../shared/domain/procedure.ts';
import { parsePlan } from '../../../shared/plan/parse-plan.ts';
import type { ProcedureNode } from '../../../shared/procedures/composition.ts';
import { planKubeadmUpgrade } from '../../../shared/procedures/kubernetes/kubeadm-upgrade.ts';
import { composedLines } from '../../support/composed-lines.ts';
import { aKubeadmNode as node } from '../../support/example-cluster.ts';
import { BARE_HOST, K3S_SERVER } from '../../support/example-facts.ts';

function procedureOf(written: string): KubeadmUpgrade {
  const parsed = parsePlan(`apiVersion: farrier/v1\nkind: Plan\nmetadata: { name: p }\nspec:\n  procedure: { kubeadm-upgrade: { sources: [k8s], ${written} } }\n`, 'p.yaml');
  if (!parsed.ok || parsed.plan.procedure?.kind !== 'kubeadm-upgrade') throw new Error(JSON.stringify(parsed));
  return parsed.plan.procedure;
}

const TO_1_34 = procedureOf('version: v1.34.1, pointsOfNoReturn: [control-plane]');
const CLUSTER = [node('cp-1', '1.33.9'), node('cp-2', '1.33.9'), node('w-1', '1.33.9')];

function problemsOf(procedure: KubeadmUpgrade, nodes: readonly ProcedureNode[]): string[] {
  const planned = planKubeadmUpgrade(procedure, nodes);
  return planned.ok ? [] : planned.problems.map(({ code, path, message }) => `${code} ${path}: ${message}`);
}

describe('the steps of a node', () => {
  test('by its role, each with its condition', () => {
    expect(composedLines(planKubeadmUpgrade(TO_1_34, CLUSTER))).toMatchInlineSnapshot(`
      [
        [
          "cp-1",
          "guard-kubelet: a revert ends here: kubelet is brought up again as it was and proved",
          "packages-kubeadm: kubeadm is 1.33.9",
          "kubeadm: first control plane: kubeadm upgrade apply v1.34.1, its API server is 1.33.9",
          "packages-kubelet: kubelet 1.33.9 is below 1.34.1",
          "kubelet: kubelet 1.33.9 is below 1.34.1, and the new one runs only after a restart",
        ],
        [
          "cp-2",
          "guard-kubelet: a revert ends here: kubelet is brought up again as it was and proved",
          "packages-kubeadm: kubeadm is 1.33.9",
          "kubeadm: further control plane: kubeadm upgrade node, its API server is 1.33.9",
          "packages-kubelet: kubelet 1.33.9 is below 1.34.1",
          "kubelet: kubelet 1.33.9 is below 1.34.1, and the new one runs only after a restart",
        ],
        [
          "w-1",
          "guard-kubelet: a revert ends here: kubelet is brought up again as it was and proved",
          "packages-kubeadm: kubeadm is 1.33.9",
          "kubeadm: role worker: kubeadm upgrade node",
          "packages-kubelet: kubelet 1.33.9 is below 1.34.1",
          "kubelet: kubelet 1.33.9 is below 1.34.1, and the new one runs only after a restart",
        ],
      ]
    `);
  });

  test('only what is missing', () => {
    const half = node('cp-1', '1.34.1', { kubernetes: { kubelet: '1.33.9-1.1' } });
    const worker = node('w-1', '1.33.9', { kubernetes: { kubeadm: '1.34.1-1.1', kubectl: null } });
    const done = node('w-2', '1.34.1');
    expect(composedLines(planKubeadmUpgrade(TO_1_34, [half, worker, done])).map(([name, ...steps]) => `${name}: ${steps.map((step) => step.split(':')[0]).join(' ')}`)).toEqual([
      'cp-1: guard-kubelet packages-kubelet kubelet',
      'w-1: guard-kubelet kubeadm packages-kubelet kubelet',
    ]);
  });

  test('a control plane that was begun has no first node any more', () => {
    const planned = planKubeadmUpgrade(TO_1_34, [node('cp-1', '1.33.9'), node('cp-2', '1.34.1')]);
    expect(composedLines(planned)[0]?.find((line) => line.startsWith('kubeadm:'))).toBe('kubeadm: further control plane: kubeadm upgrade node, its API server is 1.33.9');
  });

  test('what the plan writes reaches the step', () => {
    const procedure = procedureOf('version: 1.34.1, packageRevision: "2.1", etcdUpgrade: false, imagePullPolicy: Never, patches: /etc/kubernetes/patches, ignorePreflightErrors: [SystemVerification], timeouts: { upgradeManifests: 10m }, pointsOfNoReturn: [control-plane]');
    const planned = planKubeadmUpgrade(procedure, CLUSTER);
    const steps = planned.ok ? (planned.hops[0]?.steps.get('cp-1') ?? []).map(({ step }) => step) : [];
    expect(steps.find(({ kind }) => kind === 'packages')).toMatchObject({ install: [{ name: 'kubeadm', version: '1.34.1-2.1' }], sources: ['k8s'] });
    expect(steps.find(({ kind }) => kind === 'kubeadm')).toMatchObject({ version: '1.34.1', role: 'first-control-plane', etcdUpgrade: false, certificateRenewal: true, imagePullPolicy: 'Never', patches: '/etc/kubernetes/patches', ignorePreflightErrors: ['SystemVerification'], timeouts: { upgradeManifestsMs: 600_000, etcdApiCallMs: 0 } });
  });
});

describe('hops', () => {
  const hopsOf = (procedure: KubeadmUpgrade, nodes: readonly ProcedureNode[]): string[] => {
    const planned = planKubeadmUpgrade(procedure, nodes);
    if (!planned.ok) throw new Error(planned.problems[0]?.message);
    return planned.hops.map(({ target, steps, order }) => `${target}: ${[...steps.keys()].join(' ')}${order.first.size === 0 ? '' : `, first ${[...order.first].join(' ')}`}`);
  };

  test('every minor for the control plane, workers only where they would be too old', () => {
    const procedure = procedureOf('version: v1.37.0, hops: [v1.34.9, v1.35.4, v1.36.1], pointsOfNoReturn: [control-plane]');
    expect(hopsOf(procedure, [node('cp-1', '1.33.9'), node('cp-2', '1.33.9'), node('w-1', '1.33.9'), node('w-2', '1.32.2')])).toEqual([
      'v1.34.9: cp-1 cp-2, first cp-1',
      'v1.35.4: cp-1 cp-2 w-2, first cp-1',
      'v1.36.1: cp-1 cp-2 w-1, first cp-1',
      'v1.37.0: cp-1 cp-2 w-1 w-2, first cp-1',
    ]);
  });

  test('a cluster that is nearer joins later', () => {
    const procedure = procedureOf('version: v1.35.4, hops: [v1.34.9], pointsOfNoReturn: [control-plane]');
    expect(hopsOf(procedure, [node('cp-1', '1.33.9'), node('cp-9', '1.34.2', { cluster: 'other' })])).toEqual(['v1.34.9: cp-1, first cp-1', 'v1.35.4: cp-1 cp-9, first cp-1 cp-9']);
  });

  test('a node that is composed later starts from what the hop before it left', () => {
    const procedure = procedureOf('version: v1.35.4, hops: [v1.34.9], pointsOfNoReturn: [control-plane]');
    const second = composedLines(planKubeadmUpgrade(procedure, [node('cp-1', '1.33.9')]))[1];
    expect(second).toContain('packages-kubeadm: kubeadm is 1.34.9');
    expect(second).toContain('packages-kubelet: kubelet 1.34.9 is below 1.35.4');
  });
});

describe('what keeps it from starting', () => {
  const bold = { pointsOfNoReturn: ['control-plane'] } as const;
  const to = (version: string, hops: readonly string[] = []): KubeadmUpgrade => ({ ...TO_1_34, ...bold, version, hops });
  test.each<[string, KubeadmUpgrade, readonly ProcedureNode[]]>([
    ['a point of no return that is not named', { ...TO_1_34, pointsOfNoReturn: [] }, CLUSTER],
    ['a minor without a version', to('1.36.1', ['1.34.9']), CLUSTER],
    ['a node that never told facts', TO_1_34, [...CLUSTER, node('w-2', '1.33.9', { facts: null, agent: null })]],
    ['an agent that tells no facts', TO_1_34, [...CLUSTER, node('w-2', '1.33.9', { facts: null })]],
    ['a node of another kind', TO_1_34, [...CLUSTER, node('w-2', '1.33.9', { facts: BARE_HOST }), node('w-3', '1.33.9', { facts: K3S_SERVER })]],
    ['a node without a cluster', TO_1_34, [node('cp-1', '1.33.9', { cluster: '' })]],
    ['a node of which no version is known', TO_1_34, [...CLUSTER, node('w-2', '1.33.9', { kubernetes: { kubelet: null } })]],
    ['a node that is newer', TO_1_34, [...CLUSTER, node('w-2', '1.34.2')]],
    ['a control plane that nobody knows', TO_1_34, [node('w-1', '1.33.9')]],
    ['a control-plane node that is left out', TO_1_34, [...CLUSTER, node('cp-3', '1.33.9', { isSelected: false })]],
    ['a worker that is left out and too old', to('1.36.1', ['1.34.9', '1.35.4']), [...CLUSTER, node('w-2', '1.32.1', { isSelected: false })]],
    ['a worker that is too old already', TO_1_34, [...CLUSTER, node('w-2', '1.30.1')]],
  ])('%s', (_, procedure, nodes) => {
    expect(problemsOf(procedure, nodes)).toMatchSnapshot();
  });

  test('not a worker that is left out and new enough, nor what was wrong before and gets no worse', () => {
    expect(problemsOf(TO_1_34, [...CLUSTER, node('w-2', '1.31.1', { isSelected: false })])).toEqual([]);
    expect(problemsOf(to('1.33.9'), [node('cp-1', '1.33.9'), node('w-1', '1.28.1')])).toEqual([]);
  });
});
