import { describe, expect, test } from 'vitest';

import type { DockerToContainerd } from '../../../shared/domain/procedure.ts';
import type { ProcedureNode } from '../../../shared/procedures/composition.ts';
import { chooseDrain } from '../../../shared/procedures/choose-drain.ts';
import { planDockerToContainerd } from '../../../shared/procedures/docker-to-containerd.ts';
import { parsePlan } from '../../../shared/plan/parse-plan.ts';
import { composedLines } from '../../support/composed-lines.ts';
import { aK3sNode, aKubeadmNode } from '../../support/example-cluster.ts';
import { BARE_HOST } from '../../support/example-facts.ts';

const PROCEDURE: DockerToContainerd = { kind: 'docker-to-containerd', images: ['docker.io/library/web:1'], systemdCgroup: true, sandboxImage: null, probe: null };
const onDocker = (name: string, criSocket = 'unix:///run/cri-dockerd.sock'): ProcedureNode => aKubeadmNode(name, '1.33.5', { kubernetes: { criSocket } });

function problemsOf(...nodes: readonly ProcedureNode[]): readonly string[] {
  const planned = planDockerToContainerd(PROCEDURE, nodes);
  return planned.ok ? [] : planned.problems.map(({ code, message }) => `${code}: ${message}`);
}

test('images, containerd, then the kubelet around the end of Docker, each guarded', () => {
  const [[, ...lines] = []] = composedLines(planDockerToContainerd(PROCEDURE, [onDocker('w1')]));
  expect(lines).toMatchInlineSnapshot(`
    [
      "images: containerd sees none of Docker’s images",
      "containerd: the kubelet asks it next, over CRI",
      "guard-kubelet-runtime: a revert comes by here: the Node gets the runtime back that kubeadm reads of it",
      "guard-kubelet: a revert ends here: kubelet is brought up again as it was and proved",
      "kubelet-runtime: the kubelet runs on unix:///run/cri-dockerd.sock",
      "disable-cri-docker.service: pods that it runs must not go on beside the new ones; it stays installed",
      "disable-docker.service: pods that it runs must not go on beside the new ones; it stays installed",
      "kubelet: it has to report containerd",
    ]
  `);
});

test('what a step says comes from the plan and the node', () => {
  const probe = { image: { name: 'docker.io/library/hello:1', id: `sha256:${'a'.repeat(64)}` }, expect: 'hello', archive: null };
  const planned = planDockerToContainerd({ ...PROCEDURE, images: [], systemdCgroup: false, sandboxImage: 'registry.example/pause:3.10', probe }, [onDocker('w1', 'unix:///var/run/dockershim.sock')]);
  const steps = planned.ok ? (planned.hops[0]?.steps.get('w1') ?? []).map(({ step }) => step) : [];
  expect(steps.map(({ name }) => name)).toEqual(['containerd', 'guard-kubelet-runtime', 'guard-kubelet', 'kubelet-runtime', 'disable-docker.service', 'kubelet', 'probe']);
  expect(steps).toMatchObject([
    { settings: { enableCri: true, systemdCgroup: false, sandboxImage: 'registry.example/pause:3.10' } },
    { action: 'guard' }, { action: 'guard', version: '1.33.5' },
    { endpoint: 'unix:///run/containerd/containerd.sock', runtime: 'containerd', action: 'set' },
    { unit: 'docker.service', action: 'disable' },
    { version: '1.33.5', action: 'restart' },
    { image: probe.image, expect: 'hello', runtime: 'containerd' },
  ]);
});

test('a node that is on containerd already has nothing to do', () => {
  const planned = planDockerToContainerd(PROCEDURE, [onDocker('w1'), aKubeadmNode('w2', '1.33.5'), onDocker('w3', '')]);
  expect(planned.ok && [...(planned.hops[0]?.steps ?? [])].map(([name, steps]) => [name, steps.length > 0])).toEqual([['w1', true], ['w2', false], ['w3', false]]);
});

test('a node is drained before its pods lose their runtime', () => {
  const nodes = [onDocker('w1'), onDocker('w2')];
  const planned = planDockerToContainerd(PROCEDURE, nodes);
  const parsed = parsePlan('apiVersion: farrier/v1\nkind: Plan\nmetadata: { name: p }\nspec: { procedure: { docker-to-containerd: {} } }\n', 'p.yaml');
  const [hop] = planned.ok ? planned.hops : [];
  if (hop === undefined || !parsed.ok) throw new Error('no plan');
  expect(chooseDrain(parsed.plan, hop, new Map(nodes.map((node) => [node.name, node])), 'w1')).toEqual({ isDrained: true, because: 'the kubelet gets another runtime, which has none of its pods' });
});

describe('what nobody can do is told before anything starts', () => {
  test.each<[string, ProcedureNode, RegExp]>([
    ['a node of K3s', aK3sNode('s1', '1.33.5+k3s1'), /^other-runtime: kubeadm did not make s1/],
    ['a host of no cluster', { ...onDocker('w1'), facts: BARE_HOST }, /^other-runtime: kubeadm did not make w1/],
    ['a node on another runtime', onDocker('w1', 'unix:///var/run/crio/crio.sock'), /^other-runtime: the kubelet runs on neither Docker nor containerd on w1/],
    ['a node that told nothing', { ...onDocker('w1'), facts: null }, /^facts-missing: w1 told no facts/],
    ['a node whose kubelet has Docker built in', aKubeadmNode('w1', '1.23.17', { kubernetes: { criSocket: 'unix:///var/run/dockershim.sock' } }), /^other-runtime: the kubelet on w1 is from before 1\.24/],
    ['a node whose kubelet nobody knows', aKubeadmNode('w1', '1.33.5', { kubernetes: { criSocket: 'unix:///run/cri-dockerd.sock', kubelet: null } }), /^facts-missing: nobody tells which kubelet runs on w1/],
  ])('%s', (_name, node, expected) => {
    expect(problemsOf(node)).toEqual([expect.stringMatching(expected)]);
    expect(problemsOf({ ...node, isSelected: false }, onDocker('w9'))).toEqual([]);
  });
});

test('a plan that names an image twice, or none by its whole name, is told so', () => {
  const parsed = parsePlan('apiVersion: farrier/v1\nkind: Plan\nmetadata: { name: p }\nspec: { procedure: { docker-to-containerd: { images: [docker.io/library/a:1, docker.io/library/a:1, web], probe: {} } } }\n', 'p.yaml');
  expect(parsed.ok ? [] : parsed.diagnostics.map(({ path, code }) => `${path.replace('spec.procedure.docker-to-containerd.', '')} ${code}`).toSorted()).toEqual(['images[1] duplicate-name', 'images[2] bad-name', 'probe.expect missing', 'probe.id missing', 'probe.image missing']);
});
