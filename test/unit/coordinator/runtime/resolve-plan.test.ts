import { describe, expect, test } from 'vitest';

import { freezePlan } from '../../../../coordinator/runtime/freeze-plan.ts';
import { resolvePlan } from '../../../../coordinator/runtime/resolve-plan.ts';
import { showPlan } from '../../../../coordinator/runtime/show-plan.ts';
import { formatDiagnostic } from '../../../../shared/plan/format-diagnostic.ts';
import { BARE_HOST, CONTROL_PLANE } from '../../../support/example-facts.ts';
import { kubeadmFacts } from '../../../support/example-cluster.ts';
import { aFleet, aMember } from '../../../support/fleet-state.ts';
import { aRollout, assigned, done } from '../../../support/world-builder.ts';

const UNPROVED = new Map([['prod', 'no host can prove it']]);
const NOON = { nowUnixMs: Date.UTC(2026, 0, 1, 12), unproved: new Map<string, string>(), noDrain: null, artifacts: new Map<string, number>() };
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
    const { resolved } = resolvePlan(aFleet([host('n1', '1.6'), host('n2', '1.7'), host('n3', '2')]), plan(`  maxUnavailable: 2\n${CONTAINERD_2}`), 'p.yaml', NOON);
    const frozen = freezePlan(resolved!);
    expect(frozen.waves).toEqual([{ name: 'all', nodes: ['n1', 'n2'], soakMs: 0, needsAll: false }]);
    expect(frozen.satisfied).toEqual(['n3']);
    expect(Object.keys(frozen.sequences)).toEqual([frozen.targets['n1']?.digest]);
    expect(frozen.targets['n3']).toBeUndefined();
    const shown = showPlan(resolved!, frozen, 9);
    expect(shown.satisfied).toEqual(['n3']);
    expect(shown.hops).toMatchObject([{ maxUnavailable: 2, wantedUnavailable: 2 }]);
    expect(showPlan(resolved!, frozen, 1).hops).toMatchObject([{ maxUnavailable: 1, wantedUnavailable: 2 }]);
    expect(shown.notChecked).toEqual(['whether 2 hosts find containerd 2 in s']);
    expect(shown.hops?.[0]?.groups?.map(({ nodes, steps }) => [nodes, steps?.[1]])).toEqual([
      [['n1'], { name: 'packages', kind: 'packages', detail: 'containerd 2', because: 'containerd is 1.6' }],
      [['n2'], { name: 'packages', kind: 'packages', detail: 'containerd 2', because: 'containerd is 1.7' }],
    ]);
  });

  test('is told what is wrong with it also where its waves are wrong', () => {
    const waves = '  waves: [{ name: canary, most: 1 }, { name: rest }]\n  procedure: { k3s-runtimes: { runtimes: [] } }\n';
    const { diagnostics, resolved, planned } = resolvePlan(aFleet([host('n1', '1.6')]), plan(waves), 'p.yaml', NOON);
    expect(diagnostics.map(({ code, message }) => `${code} ${message}`)).toEqual([
      'empty-wave wave rest takes no node: the waves before it take every one; remove it, or let them take fewer',
      'other-runtime K3s does not run on n1; leave them out of spec.select, or write containerd-config for them',
    ]);
    const steps = waves.replace(/ {2}procedure.*\n/, '  steps: [{ service: { restart: a.service } }]\n');
    expect(resolvePlan(aFleet([host('n1', '1.6')]), plan(steps), 'p.yaml', NOON)).toMatchObject({ diagnostics: [{ code: 'empty-wave' }], resolved: null, planned: null });
    expect([resolved, planned]).toEqual([null, null]);
  });

  test('starts nothing where nothing is to do', () => {
    expect(linesOf(aFleet([host('n1', '2')]), plan(CONTAINERD_2), 'p.yaml', NOON)).toEqual(['p.yaml:6:15 spec.procedure.packages: every node that it takes is at the target already; there is nothing to do']);
  });
});

describe('what steps bring', () => {
  const [image, id, sha256] = ['registry.example/web:1', `sha256:${'cd'.repeat(32)}`, 'ab'.repeat(32)];
  const archives = `archives: [{ sha256: ${sha256}, size: 9, images: { ${image}: "${id}" } }]`;
  const probe = (handler: string): string => `criProbe: { handler: ${handler}, image: ${image}, id: "${id}", expect: hi }`;
  const fleet = aFleet([host('n1', '1.6'), host('n2', '1.6')]);
  const looked = (steps: readonly string[], artifacts: ReadonlyMap<string, number>) => resolvePlan(fleet, plan(`  maxUnavailable: 2\n  steps:\n${steps.map((step) => `    - ${step}\n`).join('')}`), 'p.yaml', { ...NOON, artifacts });
  const told = (...args: Parameters<typeof looked>): readonly string[] => looked(...args).diagnostics.filter(({ code }) => code.startsWith('artifact')).map(({ code, severity, message }) => `${severity} ${code} ${message}`);

  test('an artifact that the coordinator has not is named, with what is to be done', () => {
    expect(told([`images: { ${archives} }`], new Map())).toEqual([`warning artifact-missing n1, n2: step images needs artifact ${sha256}, which this coordinator does not have; \`farrier artifact add FILE\`, unless it lies in /var/cache/farrier-agent/artifacts on these hosts`]);
    expect(told([`images: { ${archives} }`], new Map([[sha256, 9]]))).toEqual([]);
    expect(told([`${probe('crun').slice(0, -2)}, archive: { sha256: ${sha256}, size: 8 } }`], new Map([[sha256, 9]]))).toEqual([`error artifact-mismatch n1, n2: step probe-crun says that artifact ${sha256} has 8 bytes, it has 9; take the size that \`farrier artifact ls\` shows`]);
  });

  test('what only a host knows is told as not checked', () => {
    const { planned } = looked([probe('runc'), `images: { ${archives} }`, probe('crun'), 'images: { fromDocker: [docker.io/library/a:1] }', 'containerd: { defaultRuntime: crun }'], new Map([[sha256, 9]]));
    expect(showPlan(planned!, freezePlan(planned!), 9).notChecked).toEqual(['whether 2 hosts have image registry.example/web:1', 'whether 2 hosts have docker.io/library/a:1 in Docker', 'whether 2 hosts have a configuration that takes step containerd']);
  });
});

test('a rollout that is not through with the same nodes is named', () => {
  const nodes = ['n1', 'n2', 'n3'].map((name) => host(name, '1.6'));
  const spec = '  maxUnavailable: 2\n  maxFailures: 0\n  steps: [{ service: { restart: a.service } }]\n';
  const { resolved } = resolvePlan(aFleet(nodes), plan(spec), 'p.yaml', NOON);
  const events = [{ type: 'wave-opened', wave: 'all' }, assigned('n1'), done('n1')] as const;
  const underWay = aRollout('r1', freezePlan(resolved!), ...events);
  const over = aRollout('r0', freezePlan(resolved!), { type: 'aborted', by: 'ann', why: '' }, { type: 'ended', status: 'aborted' });
  const second = resolvePlan(aFleet(nodes, [underWay, over]), plan(spec), 'p.yaml', NOON);
  expect(second.diagnostics.map(({ severity, message }) => [severity, message])).toEqual([
    ['warning', 'rollout r1 is under way on 2 of these nodes (n2, n3); each waits until that one is through with it'],
  ]);
  expect(second.resolved).not.toBeNull();
});

test('an agent that does not know a kind of step is named with its version', () => {
  const old = aMember('n2', BARE_HOST, { stepKinds: ['packages'], agentVersion: '0.0.9' });
  expect(linesOf(aFleet([aMember('n1', BARE_HOST), old]), plan('  steps: [{ service: { restart: a.service } }]\n'), 'p.yaml', NOON)).toEqual([
    'p.yaml:5:3 spec: agents of version 0.0.9 know no step service (n2); upgrade these agents first',
  ]);
});

test('a step that a plan writes otherwise than its kind is named as there', () => {
  const old = aMember('n1', BARE_HOST, { stepKinds: ['packages'], agentVersion: '0.0.9' });
  expect(linesOf(aFleet([old]), plan('  procedure: { agent-upgrade: { version: 0.2.0, sources: [s] } }\n'), 'p.yaml', NOON)).toEqual([
    'p.yaml:5:3 spec: agents of version 0.0.9 know no step agent (n1); upgrade these agents first',
  ]);
});

test('certificates that last are no work, and the plan is told when they would be', () => {
  expect(linesOf(aFleet([aMember('cp-1', kubeadmFacts('cp-1', '1.33.9'))]), plan('  procedure: { kubeadm-certs-renew: { renew: all, whenUnderDays: 30 } }\n'), 'p.yaml', NOON)).toEqual([
    'p.yaml:5:37 spec.procedure.kubeadm-certs-renew: on no control-plane node that it takes a certificate ends in less than 30 days; there is nothing to do: raise whenUnderDays to renew them sooner',
  ]);
});

describe('drains', () => {
  const nodes = ['w-1', 'w-2'].map((name) => aMember(name, kubeadmFacts(name, '1.33.9')));
  const reboot = (more = '') => plan(`${more}  procedure: { os-reboot: {} }\n`);

  test('are frozen at the start, and told group by group', () => {
    const { resolved } = resolvePlan(aFleet([...nodes, host('n1', '1.6')]), reboot(), 'p.yaml', NOON);
    const frozen = freezePlan(resolved!);
    expect(frozen.drained).toEqual(['w-1', 'w-2']);
    expect(showPlan(resolved!, frozen, 9).hops?.[0]?.groups?.map((group) => [group.nodes, group.drained, group.drainedBecause])).toEqual([
      [['n1'], false, ''],
      [['w-1', 'w-2'], true, 'a reboot takes its pods down'],
    ]);
    expect(freezePlan(resolvePlan(aFleet(nodes), reboot('  drain: never\n'), 'p.yaml', NOON).resolved!).drained).toEqual([]);
  });

  test('that nobody can make are refused, unless the plan does without', () => {
    const noon = { ...NOON, noDrain: 'this version of Farrier cordons and drains no nodes' };
    expect(linesOf(aFleet(nodes), reboot(), 'p.yaml', noon)).toEqual([
      'p.yaml:5:3 spec: the steps take pods of w-1, w-2 down, and no node can be drained: this version of Farrier cordons and drains no nodes; write drain: never to upgrade them with their pods on them, or leave them out',
    ]);
    expect(linesOf(aFleet(nodes), reboot('  drain: never\n'), 'p.yaml', noon)).toEqual([]);
    expect(linesOf(aFleet([nodes[0]!]), reboot(), 'p.yaml', noon)).toEqual([]);
  });
});

describe('versions', () => {
  const upgrade = '  allowControlPlaneOutage: true\n  procedure: { kubeadm-upgrade: { version: v1.35.4, hops: [v1.34.9], etcdUpgrade: false, ignorePreflightErrors: [SystemVerification], sources: [s], pointsOfNoReturn: [control-plane] } }\n';
  const cluster = ['cp-1', 'w-1', 'w-2'].map((name) => aMember(name, kubeadmFacts(name, name === 'w-2' ? '1.35.4' : '1.33.9')));

  test('that are refused for want of a proof are shown all the same, and start nothing', () => {
    const { diagnostics, resolved, planned } = resolvePlan(aFleet(cluster.slice(0, 2)), plan(upgrade), 'p.yaml', { ...NOON, unproved: UNPROVED });
    expect(diagnostics.map(({ code }) => code)).toContain('datastore-proof-missing');
    expect(resolved).toBeNull();
    expect(showPlan(planned!, freezePlan(planned!), 9).hops?.map(({ target }) => target)).toEqual(['v1.34.9', 'v1.35.4']);
  });

  test('are reached in hops, all frozen at the start; late facts change none of them', () => {
    const nodes = cluster.filter(({ record }) => record.name !== 'w-2');
    const { resolved } = resolvePlan(aFleet(nodes), plan(upgrade), 'p.yaml', NOON);
    const frozen = freezePlan(resolved!);
    expect(frozen.chain).toMatchObject({ hop: 1, hops: 2, target: 'v1.34.9' });
    expect(frozen.waves.map(({ name, nodes: taken, needsAll }) => [name, taken, needsAll])).toEqual([['all', ['cp-1'], true]]);
    expect(frozen.noReturn).toEqual(['cp-1']);
    const next = frozen.chain!.next!;
    expect(next.chain).toMatchObject({ hop: 2, hops: 2, target: 'v1.35.4', next: null });
    expect(next.waves.map(({ name, nodes: taken, needsAll }) => [name, taken, needsAll])).toEqual([['all-first-control-plane', ['cp-1'], true], ['all', ['w-1'], false]]);
    expect(next.noReturn).toEqual(['cp-1']);
  });

  test('of one cluster are changed by one rollout at a time', () => {
    const nodes = cluster.filter(({ record }) => record.name !== 'w-2');
    const { resolved } = resolvePlan(aFleet(nodes), plan(upgrade), 'p.yaml', NOON);
    expect(linesOf(aFleet(nodes, [aRollout('r1', freezePlan(resolved!))]), plan(upgrade), 'p.yaml', NOON)).toEqual([
      'p.yaml:6:14 spec.procedure: rollout r1 changes the versions of cluster prod and is not over; wait for it, or `farrier rollout abort r1`',
    ]);
  });

  test.each([
    ['a step of the plan', 'steps: [{ kubelet: { version: 1.34.1 } }]', 'steps: [{ kubelet: { version: 1.33.12 } }]', 'spec.steps'],
    ['a package', 'procedure: { packages: { install: { kubelet: 1.34.1-1.1 }, sources: [s] } }', 'procedure: { packages: { install: { kubelet: 1.33.12-1.1 }, sources: [s] } }', 'spec.procedure.packages'],
  ])('I4: no kubelet gets newer than an API server by %s', (_, newer, same, path) => {
    const nodes = ['cp-1', 'w-1', 'w-2'].map((name) => aMember(name, kubeadmFacts(name, '1.33.9'), { labels: { role: name === 'cp-1' ? 'cp' : 'worker' } }));
    const onlyWorkers = (spec: string) => plan(`  select: { labels: { role: worker } }\n  ${spec}\n`);
    expect(linesOf(aFleet(nodes), onlyWorkers(newer), 'p.yaml', NOON).filter((line) => line.includes('newer'))).toEqual([
      expect.stringContaining(`${path}: w-1, w-2: a kubelet v1.34.1 would be newer than the API server of cp-1 (v1.33.9), which the version skew policy forbids; upgrade the control plane first, or name an older version`),
    ]);
    expect(resolvePlan(aFleet(nodes), onlyWorkers(same), 'p.yaml', NOON).resolved).not.toBeNull();
  });

  test('that are there already are told, node by node', () => {
    expect(linesOf(aFleet(cluster), plan(upgrade), 'p.yaml', NOON)).toEqual([
      'p.yaml:6:33 spec.procedure.kubeadm-upgrade: the kubelet of w-2 (v1.35.4) is newer than the API server of cp-1 (v1.34.9), which may not be older: upgrade the API server first',
    ]);
  });
});

describe('preflights', () => {
  const upgrade = (more: string): string => `  allowControlPlaneOutage: true\n  procedure: { kubeadm-upgrade: { ${more}, etcdUpgrade: false, ignorePreflightErrors: [SystemVerification], sources: [s], pointsOfNoReturn: [control-plane] } }\n`;
  const nodes = [aMember('cp-1', kubeadmFacts('cp-1', '1.34.9')), aMember('w-1', { ...kubeadmFacts('w-1', '1.34.9'), cgroupVersion: 1 }), aMember('w-2', { ...kubeadmFacts('w-2', '1.34.9'), cgroupVersion: 1 })];

  test('tell what stands in the way on each node, once with all their names', () => {
    const lines = linesOf(aFleet(nodes), plan(upgrade('version: v1.35.4')), 'p.yaml', { ...NOON, unproved: UNPROVED });
    expect(lines.map((line) => line.slice(0, 120))).toEqual([
      'p.yaml:6:33 spec.procedure.kubeadm-upgrade: cp-1: nothing proves that the datastore of prod can be brought back, and no ',
      'p.yaml:6:33 spec.procedure.kubeadm-upgrade: w-1, w-2: this host has cgroup v1, and from 1.35 on the kubelet starts only ',
    ]);
  });

  test('start what a proof is made for first, and say so', () => {
    const { diagnostics, resolved } = resolvePlan(aFleet([nodes[0]!]), plan(upgrade('version: v1.35.4')), 'p.yaml', { ...NOON, unproved: new Map([['prod', '']]) });
    expect(diagnostics.map(({ code, severity }) => `${severity} ${code}`)).toEqual(['warning datastore-proof-missing']);
    expect(resolved).not.toBeNull();
  });

  test('refuse a control plane without a proof of its datastore, also where its agent never told what the host is', () => {
    const steps = '  allowControlPlaneOutage: true\n  steps: [{ kubeadm: { role: first-control-plane, version: 1.34.2 } }]\n';
    const silent = aFleet([aMember('cp-1', null)]);
    expect(linesOf(silent, plan(steps), 'p.yaml', { ...NOON, unproved: UNPROVED })).toEqual([
      'p.yaml:6:10 spec.steps: cp-1: nothing proves that the datastore of prod can be brought back, and no proof can be made: no host can prove it',
    ]);
    expect(linesOf(silent, plan(steps), 'p.yaml', NOON)).toEqual([]);
  });

  test('warn where the only control plane would get another etcd, and start all the same', () => {
    const facts = { ...CONTROL_PLANE, kubernetes: { ...CONTROL_PLANE.kubernetes, nodeName: 'cp-1' } };
    const upgraded = plan('  allowControlPlaneOutage: true\n  procedure: { kubeadm-upgrade: { version: v1.34.2, sources: [s], pointsOfNoReturn: [control-plane] } }\n');
    const { diagnostics, resolved } = resolvePlan(aFleet([aMember('cp-1', facts)]), upgraded, 'p.yaml', NOON);
    expect(diagnostics.map((diagnostic) => formatDiagnostic(diagnostic))).toEqual([
      'p.yaml:6:33 warning spec.procedure.kubeadm-upgrade: cp-1: cp-1 is the only control plane of prod and this upgrade brings it etcd 3.6: kubeadm may time out on the way and put everything back though etcd is well; set etcdUpgrade: false for the upgrade to v1.34.2, and upgrade etcd afterwards as a step of its own',
    ]);
    expect(resolved).not.toBeNull();
  });

  test('judge each hop by what the hops before it left', () => {
    const lines = linesOf(aFleet(nodes), plan(upgrade('version: v1.36.1, hops: [v1.35.4]')), 'p.yaml', NOON);
    expect(lines.map((line) => line.slice(44, 130))).toEqual(['w-1, w-2 at v1.36.1: this host has cgroup v1, and from 1.35 on the kubelet starts only']);
  });
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
    expect(linesOf(aFleet([...members(count), aMember('w-1', BARE_HOST)]), plan(spec), 'p.yaml', NOON)).toEqual(expected);
  });

  test('are frozen with all members of the cluster, whoever is selected', () => {
    const { resolved } = resolvePlan(aFleet([...members(3), aMember('x-1', CONTROL_PLANE, { cluster: 'other' })]), plan(`  select: { labels: { n: "0" } }\n${steps}`), 'p.yaml', NOON);
    expect(freezePlan(resolved!).controlPlanes).toEqual({ prod: ['cp-1', 'cp-2', 'cp-3'] });
  });
});
