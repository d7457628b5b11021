import { expect, test } from 'vitest';

import { chooseProver, type ProverQuestion } from '../../../../coordinator/core/choose-prover.ts';
import { chooseTaker } from '../../../../coordinator/core/choose-taker.ts';
import type { NodeView } from '../../../../coordinator/core/world.ts';
import type { EtcdLook } from '../../../../shared/domain/etcd-look.ts';
import type { HostFacts } from '../../../../shared/domain/host-facts.ts';
import { memberFacts, proverFacts } from '../../../support/datastore-work-bench.ts';
import { K3S_SERVER } from '../../../support/example-facts.ts';
import { aFleet, aMember } from '../../../support/fleet-state.ts';

const LOOK: EtcdLook = {
  runsAs: 'kubeadm', trouble: '', clusterId: '1', memberId: '11', version: '3.5.16', clusterVersion: '3.5', isLeader: false, alarms: [], dbBytes: 5_000, dbInUseBytes: 1_000,
  members: [{ id: '11', name: 'm', isLearner: false, answers: true }],
};

function member(name: string, look: Partial<EtcdLook> = {}): NodeView {
  return aMember(name, { ...memberFacts(), etcdMember: { ...LOOK, ...look } } satisfies HostFacts);
}

function taker(...nodes: readonly NodeView[]): string {
  const chosen = chooseTaker(aFleet(nodes), 'prod', null);
  return typeof chosen === 'string' ? chosen : chosen.node;
}

test('the leader is asked only where no other member can', () => {
  expect(taker(member('cp-1', { isLeader: true }), member('cp-2'), member('cp-3'))).toBe('cp-2');
  expect(taker(member('cp-1', { isLeader: true }), member('cp-2', { trouble: 'no-quorum' }))).toBe('cp-1');
});

test.each<readonly [string, Partial<EtcdLook>, string]>([
  ['that learns', { members: [{ id: '11', name: 'm', isLearner: true, answers: true }] }, 'its member is a learner'],
  ['that is corrupt', { alarms: [{ memberId: '11', alarm: 'corrupt' }] }, 'its member is corrupt'],
  ['that cannot be counted on', { trouble: 'unreachable' }, 'its member cannot be counted on: unreachable'],
])('nothing is taken of a member %s', (_what, look, why) => {
  expect(taker(member('cp-1', look))).toContain(`cp-1: ${why}`);
  expect(taker(member('cp-1', look), member('cp-2'))).toBe('cp-2');
});

test('a member that was set up by hand, on a host of no Kubernetes, is one to ask', () => {
  expect(taker(aMember('etcd-1', { ...memberFacts(), kubernetes: null, etcdMember: { ...LOOK, runsAs: 'systemd' } }))).toBe('etcd-1');
  expect(taker(aMember('etcd-1', { ...memberFacts(), kubernetes: null }))).not.toBe('etcd-1');
});

test('nothing is taken for two clusters that share a name: it would prove nothing of the other', () => {
  expect(taker(member('cp-1'), member('cp-2', { clusterId: '2' }))).toContain('nodes of 2 datastores share the name "prod" of a cluster: cp-1 has etcd 1, cp-2 has etcd 2');
  expect(taker(...['edge-1', 'edge-2'].map((name) => aMember(name, { ...K3S_SERVER, snapshots: memberFacts().snapshots })))).toContain('edge-1 has sqlite of edge-1, edge-2 has sqlite of edge-2');
  expect(chooseTaker(aFleet([member('cp-1'), member('cp-2', { clusterId: '2' })]), 'prod', 'cp-2')).toMatchObject({ node: 'cp-2' });
});

test('an alarm of another member stops nobody', () => {
  expect(taker(member('cp-1', { alarms: [{ memberId: '12', alarm: 'corrupt' }] }))).toBe('cp-1');
});

test('a host without a session, or whose agent is too old, is asked nothing', () => {
  const away = member('cp-1');
  expect(taker({ ...away, session: { state: 'silent', sinceMonotonicMs: 0 } })).toContain('cp-1: it has no session');
  expect(taker(aMember('cp-1', { ...memberFacts(), snapshots: null }))).toContain('upgrade it');
});

const QUESTION: ProverQuestion = { cluster: 'prod', taker: 'cp-1', datastore: 'etcd', minor: '3.5', sizeBytes: 2 ** 30, tools: {}, failed: new Set(), canOpen: () => true };

function prover(nodes: readonly NodeView[], changes: Partial<ProverQuestion> = {}): string {
  const chosen = chooseProver(aFleet(nodes), { ...QUESTION, ...changes });
  return typeof chosen === 'string' ? chosen : chosen.node;
}

test('a prover is of the same cluster before it is a stranger, one that holds a cluster after both, and the taker last', () => {
  const allowed = memberFacts({ mayProve: true });
  const all = [aMember('cp-1', allowed), aMember('cp-2', allowed), aMember('etcd-1', { ...proverFacts({ freeBytes: 2 ** 39 }), etcdMember: LOOK }), aMember('stranger', proverFacts({ freeBytes: 2 ** 40 }), { cluster: 'other' }), aMember('w-1', proverFacts())];
  const order: string[] = [];
  for (let left = all; left.length > 0; left = left.filter(({ record }) => record.name !== order.at(-1))) order.push(prover(left));
  expect(order).toEqual(['w-1', 'stranger', 'etcd-1', 'cp-2', 'cp-1']);
});

test('of two that can, the one with more room is chosen; one without room for three times the datastore is none', () => {
  const nodes = [aMember('w-1', proverFacts({ freeBytes: 3 * 2 ** 30 })), aMember('w-2', proverFacts({ freeBytes: 3 * 2 ** 30 + 1 }))];
  expect([prover(nodes), prover(nodes, { sizeBytes: 2 ** 30 + 1 })]).toEqual(['w-2', expect.stringContaining('w-1, w-2: it has not the room') as string]);
});

test('SQLite needs no programs of etcd; of an unknown minor any will have to do', () => {
  const bare = [aMember('w-1', proverFacts({ tools: [] }))];
  expect([prover(bare), prover(bare, { datastore: 'sqlite', minor: null }), prover([aMember('w-1', proverFacts())], { minor: null })]).toEqual([expect.stringContaining('programs of etcd 3.5') as string, 'w-1', 'w-1']);
});
