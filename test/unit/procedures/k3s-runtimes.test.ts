import { expect, test } from 'vitest';

import { parsePlan } from '../../../shared/plan/parse-plan.ts';
import type { ProcedureNode } from '../../../shared/procedures/composition.ts';
import { planProcedure } from '../../../shared/procedures/plan-procedure.ts';
import { runtimeClasses } from '../../../shared/procedures/runtime-classes.ts';
import { composedLines } from '../../support/composed-lines.ts';
import { aK3sNode, aKubeadmNode } from '../../support/example-cluster.ts';

const ID = `sha256:${'cd'.repeat(32)}`;

function parsed(procedure: string) {
  return parsePlan(`apiVersion: farrier/v1\nkind: Plan\nmetadata: { name: p }\nspec:\n  procedure: { k3s-runtimes: { ${procedure} } }\n`, 'p.yaml');
}

function planned(procedure: string, ...nodes: readonly ProcedureNode[]) {
  const plan = parsed(procedure);
  if (!plan.ok || plan.plan.procedure === null) throw new Error(JSON.stringify(plan));
  return planProcedure(plan.plan.procedure, nodes, 0);
}

test('each node gets what the plan says, in its own role, and a probe', () => {
  const plan = planned(`runtimes: [{ name: kata, type: io.containerd.kata.v2 }], mirrors: [{ host: docker.io, endpoints: ["https://m"] }], probe: { handler: kata, image: docker.io/library/hello:1, id: "${ID}", expect: hello }`, aK3sNode('s1', '1.34.1+k3s1'), aK3sNode('a1', '1.34.1+k3s1'));
  expect(composedLines(plan)).toEqual([
    ['s1', 'k3s-runtimes-server: role server: the host itself looks what its templates say', 'probe-kata: a runtime that is there may still run nothing'],
    ['a1', 'k3s-runtimes-agent: role agent: the host itself looks what its templates say', 'probe-kata: a runtime that is there may still run nothing'],
  ]);
  const steps = plan.ok ? plan.hops[0]?.steps.get('a1')?.map(({ step }) => step) : [];
  expect(steps).toMatchObject([
    { kind: 'k3s_runtimes', role: 'agent', runtimes: [{ name: 'kata', type: 'io.containerd.kata.v2', binary: null, podAnnotations: [] }], mirrors: [{ host: 'docker.io', endpoints: ['https://m'] }] },
    { kind: 'cri_probe', runtime: 'k3s', handler: 'kata', image: { name: 'docker.io/library/hello:1', id: ID } },
  ]);
  expect(runtimeClasses(steps ?? [])).toEqual(['apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: { name: "kata" }\nhandler: "kata"\n']);
});

test('nodes that run no K3s, or told nothing, are named', () => {
  const problems = (node: ProcedureNode): readonly string[] => {
    const plan = planned('runtimes: []', node);
    return plan.ok ? [] : plan.problems.map(({ code, message }) => `${code}: ${message}`);
  };
  expect(problems(aKubeadmNode('w1', '1.33.5'))).toEqual([expect.stringMatching(/^other-runtime: K3s does not run on w1/)]);
  expect(problems(aK3sNode('a1', '1.34.1+k3s1', { facts: null }))).toEqual([expect.stringMatching(/^facts-missing: a1 told no facts/)]);
});

test('a runtime that K3s adds by itself is named before anything starts', () => {
  const node = aK3sNode('a1', '1.34.1+k3s1');
  const { facts } = node;
  const finds: ProcedureNode = { ...node, facts: facts?.kubernetes?.kind === 'k3s' ? { ...facts, kubernetes: { ...facts.kubernetes, foundRuntimes: ['crun'] } } : facts };
  expect(planned('runtimes: [{ name: crun, binary: /usr/bin/crun }]', finds)).toMatchObject({ ok: false, problems: [{ code: 'other-runtime', message: expect.stringContaining('a1 finds a program for the runtime crun') as unknown }] });
  expect(planned('runtimes: [{ name: crun-wasm, binary: /usr/bin/crun }]', finds)).toMatchObject({ ok: true });
});

test('a plan that says nothing, or something twice, is told so', () => {
  const mistakes = (procedure: string): readonly string[] => {
    const plan = parsed(procedure);
    return plan.ok ? [] : plan.diagnostics.map(({ path, code }) => `${path.replace('spec.procedure.', '')} ${code}`).toSorted();
  };
  expect(mistakes('')).toEqual(['k3s-runtimes missing']);
  expect(mistakes('runtimes: [{ name: a }, { name: a }], probe: {}')).toEqual(['k3s-runtimes.probe.expect missing', 'k3s-runtimes.probe.handler missing', 'k3s-runtimes.probe.id missing', 'k3s-runtimes.probe.image missing', 'k3s-runtimes.runtimes[1].name duplicate-name']);
});
