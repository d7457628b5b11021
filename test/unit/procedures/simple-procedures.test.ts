import { describe, expect, test } from 'vitest';

import { parsePlan } from '../../../shared/plan/parse-plan.ts';
import type { ProcedureNode } from '../../../shared/procedures/composition.ts';
import { planProcedure } from '../../../shared/procedures/plan-procedure.ts';
import { composedLines } from '../../support/composed-lines.ts';
import { aK3sNode, aKubeadmNode } from '../../support/example-cluster.ts';
import { BARE_HOST } from '../../support/example-facts.ts';

/** What CONTROL_PLANE's certificates end on is 2026-07-01. */
const SPRING_UNIX_MS = Date.UTC(2026, 3, 2);

function linesFor(procedure: string, node: ProcedureNode): string[] {
  const parsed = parsePlan(`apiVersion: farrier/v1\nkind: Plan\nmetadata: { name: p }\nspec:\n  procedure: { ${procedure} }\n`, 'p.yaml');
  if (!parsed.ok || parsed.plan.procedure === null) throw new Error(JSON.stringify(parsed));
  return composedLines(planProcedure(parsed.plan.procedure, [node], SPRING_UNIX_MS))[0]?.slice(1) ?? [];
}

const bare = (rebootRequired: boolean): ProcedureNode => ({ name: 'n1', cluster: '', agent: { version: '0.1.0', stepKinds: [] }, isSelected: true, facts: { ...BARE_HOST, rebootRequired } });

describe('one step on each node that needs it', () => {
  test.each<[string, string, ProcedureNode, string[]]>([
    ['a reboot always', 'os-reboot: {}', bare(false), ['reboot: the plan reboots always']],
    ['a reboot that the package system asks for', 'os-reboot: { onlyIf: required }', bare(true), ['reboot: the package system asks for a reboot']],
    ['a reboot that no fact asks for', 'os-reboot: { onlyIf: required }', bare(false), ['reboot: the host itself looks whether it needs one']],
    ['an older agent', 'agent-upgrade: { version: 0.2.0, sources: [farrier] }', bare(false), ['agent: the agent is 0.1.0']],
    ['an agent that is there', 'agent-upgrade: { version: 0.1.0, sources: [farrier] }', bare(false), []],
    ['an agent that is away, by what it told last', 'agent-upgrade: { version: 0.2.0, sources: [farrier] }', { ...bare(false), agent: null, facts: { ...BARE_HOST, packages: { 'farrier-agent': '0.2.0' } } }, []],
    ['certificates that end soon', 'kubeadm-certs-renew: { renew: all, whenUnderDays: 91 }', aKubeadmNode('cp-1', '1.33.4'), ['kubeadm-certs: /etc/kubernetes/pki/apiserver.crt ends in 90 days']],
    ['certificates that last', 'kubeadm-certs-renew: { renew: all, whenUnderDays: 90 }', aKubeadmNode('cp-1', '1.33.4'), []],
    ['a worker has none of them', 'kubeadm-certs-renew: { renew: all }', aKubeadmNode('w-1', '1.33.4'), []],
    ['nor has K3s', 'kubeadm-certs-renew: { renew: all }', aK3sNode('s-1', '1.33.4+k3s1'), []],
    ['a host that told nothing looks for itself', 'kubeadm-certs-renew: { renew: [apiserver] }', aKubeadmNode('cp-1', '1.33.4', { facts: null }), ['kubeadm-certs: nobody tells when its certificates end']],
  ])('%s', (_, procedure, node, expected) => {
    expect(linesFor(procedure, node)).toEqual(expected);
  });
});
