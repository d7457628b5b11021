import { describe, expect, test } from 'vitest';

import type { Plan } from '../../../shared/domain/plan.ts';
import { parsePlan } from '../../../shared/plan/parse-plan.ts';
import { chooseDrain } from '../../../shared/procedures/choose-drain.ts';
import type { ProcedureNode } from '../../../shared/procedures/composition.ts';
import { planWork } from '../../../shared/procedures/plan-work.ts';
import { aK3sNode, aKubeadmNode } from '../../support/example-cluster.ts';
import { BARE_HOST } from '../../support/example-facts.ts';

const SHA = '0'.repeat(64);
const KUBEADM = 'allowControlPlaneOutage: true, procedure: { kubeadm-upgrade: { version: v1.34.9, sources: [s], pointsOfNoReturn: [control-plane] } }';
const PATCH = 'allowControlPlaneOutage: true, procedure: { kubeadm-upgrade: { version: v1.33.10, sources: [s], pointsOfNoReturn: [control-plane] } }';
const K3S = `procedure: { k3s-upgrade: { version: v1.34.1+k3s1, pointsOfNoReturn: [control-plane], releases: [{ version: v1.34.1+k3s1, amd64: { binary: { sha256: "${SHA}", size: 70 } } }] } }`;
const REBOOT = 'procedure: { os-reboot: {} }';
const CONTAINERD = 'steps: [{ packages: { install: { containerd: "2" }, sources: [s] } }, { service: { restart: containerd.service } }]';

const bare: ProcedureNode = { name: 'n1', cluster: '', agent: null, isSelected: true, facts: BARE_HOST };
const silent = (cluster: string): ProcedureNode => ({ ...bare, cluster, facts: null });
const worker = aKubeadmNode('w-1', '1.33.9');
const cp = aKubeadmNode('cp-1', '1.33.9');
const [server, agent] = [aK3sNode('s-1', '1.33.9+k3s1'), aK3sNode('a-1', '1.33.9+k3s1')];

function planOf(spec: string): Plan {
  const parsed = parsePlan(`apiVersion: farrier/v1\nkind: Plan\nmetadata: { name: p }\nspec: { ${spec} }\n`, 'p.yaml');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.diagnostics));
  return parsed.plan;
}

describe('a node is drained first', () => {
  test.each<[string, string, readonly ProcedureNode[], readonly [boolean, string]]>([
    ['where its kubelet crosses a minor', KUBEADM, [worker, cp], [true, 'the kubelet crosses a minor']],
    ['of the control plane too', KUBEADM, [cp, worker], [true, 'the kubelet crosses a minor']],
    ['not for a patch of it', PATCH, [worker, cp], [false, 'its pods go on running']],
    ['where its kubelet crosses one as a package', 'procedure: { packages: { install: { kubelet: 1.34.1-1.1 }, sources: [s], restart: [kubelet.service] } }', [worker, cp], [true, 'the kubelet crosses a minor']],
    ['where K3s crosses a minor', K3S, [agent, server], [true, 'K3s crosses a minor']],
    ['where it reboots', REBOOT, [worker, cp], [true, 'a reboot takes its pods down']],
    ['not where only its runtime restarts', CONTAINERD, [worker, cp], [false, 'its pods go on running']],
    ['always where the plan says so', `drain: always, ${CONTAINERD}`, [worker, cp], [true, 'the plan says drain: always']],
    ['never where the plan says so', `drain: never, ${REBOOT}`, [worker, cp], [false, 'the plan says drain: never']],
    ['not where it is alone: its pods have nowhere to go', REBOOT, [worker], [false, 'it is the only node of cluster prod']],
    ['not where the others of its cluster run no pods', REBOOT, [worker, { ...bare, name: 'x', cluster: 'prod' }], [false, 'it is the only node of cluster prod']],
    ['where nobody knows the others of its cluster', REBOOT, [{ ...worker, cluster: '' }], [true, 'a reboot takes its pods down']],
    ['not where it runs no pods', `drain: always, ${CONTAINERD}`, [bare], [false, '']],
    ['where it told nothing and stands in a cluster', REBOOT, [silent('prod'), cp], [true, 'a reboot takes its pods down']],
    ['not where it told nothing and stands in none', REBOOT, [silent('')], [false, '']],
    ['where nobody tells which kubelet runs', 'steps: [{ kubelet: { version: "1.34.1" } }]', [silent('prod'), cp], [true, 'nobody tells whether the kubelet crosses a minor']],
  ])('%s', (_, spec, nodes, [isDrained, because]) => {
    const plan = planOf(spec);
    const work = planWork(plan, nodes, 0);
    if (!work.ok) throw new Error(JSON.stringify(work.problems));
    const [hop] = work.hops;
    expect(chooseDrain(plan, hop!, new Map(nodes.map((node) => [node.name, node])), nodes[0]!.name)).toEqual({ isDrained, because });
  });
});
