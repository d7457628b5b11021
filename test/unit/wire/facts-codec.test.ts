import { describe, expect, test } from 'vitest';

import type { HostFacts } from '../../../shared/domain/host-facts.ts';
import { fromFactsMessage, toFactsMessage } from '../../../shared/wire/facts-codec.ts';
import type { HostFacts__Output } from '../../../shared/wire/messages.ts';
import { decode, encode, farrier } from '../../../shared/wire/protocol.ts';
import { BARE_HOST, CONTROL_PLANE, ETCD_LOOK, K3S_SERVER, WORKER } from '../../support/example-facts.ts';

function overTheWire(facts: HostFacts): HostFacts__Output {
  return decode(farrier.HostFacts, encode(farrier.HostFacts, toFactsMessage(facts)));
}

const kubernetes = CONTROL_PLANE.kubernetes;
const UNKNOWN: HostFacts = {
  ...BARE_HOST,
  os: { id: '', versionId: '', prettyName: '', packageFamily: null },
  ...{ cgroupVersion: null, freeBytes: {}, runtimes: { containerd: null, runc: null, crun: null, docker: null } },
};

test.each<readonly [string, HostFacts]>([
  ['a bare host', BARE_HOST],
  ['a host of which nothing is known', UNKNOWN],
  ['a control plane', CONTROL_PLANE],
  ['a control plane with external etcd', { ...CONTROL_PLANE, kubernetes: { ...kubernetes, etcd: { kind: 'external' } } }],
  ['a control plane with flags', { ...CONTROL_PLANE, kubernetes: { ...kubernetes, podInfraImageFlagIn: ['/etc/default/kubelet'], etcd: { kind: 'stacked', version: null, experimentalFlags: ['--experimental-initial-corrupt-check'] } } }],
  ['failCgroupV1: false', { ...CONTROL_PLANE, kubernetes: { ...kubernetes, failCgroupV1: false } }],
  ['failCgroupV1: true', { ...CONTROL_PLANE, kubernetes: { ...kubernetes, failCgroupV1: true } }],
  ['a member of etcd', { ...BARE_HOST, etcdMember: { ...ETCD_LOOK, alarms: [{ memberId: ETCD_LOOK.memberId, alarm: 'no-space' }] } }],
  ['a member that never answered', { ...CONTROL_PLANE, etcdMember: { ...ETCD_LOOK, runsAs: 'kubeadm', trouble: 'client-not-trusted', clusterId: '', memberId: '', version: null, clusterVersion: null, isLeader: false, members: [] } }],
  ['a worker', WORKER],
  ['a K3s server', K3S_SERVER],
  ['a K3s agent', { ...K3S_SERVER, kubernetes: { ...K3S_SERVER.kubernetes, role: 'agent', datastore: 'none', version: null, foundRuntimes: ['crun', 'nvidia-cdi'] } }],
])('%s survives the wire', (_what, facts) => {
  expect(fromFactsMessage(overTheWire(facts))).toEqual({ ok: true, value: facts });
});

describe('what only a newer agent knows', () => {
  test('is skipped', () => {
    const FIELD_2000 = Buffer.from([0x82, 0x7d, 0x05, 1, 2, 3, 4, 5]);
    const bytes = Buffer.concat([encode(farrier.HostFacts, toFactsMessage(CONTROL_PLANE)), FIELD_2000]);
    const message = decode(farrier.HostFacts, bytes);
    const newer = {
      ...message,
      packageFamily: 'pacman',
      cgroupVersion: 3,
      otherTools: ['chef'],
      freeBytes: { ...message.freeBytes, '/srv': 1 },
      packages: { ...message.packages, 'kubeadm-ng': '\u001b[2J' },
    };
    expect(fromFactsMessage(newer)).toEqual({ ok: true, value: { ...CONTROL_PLANE, os: { ...CONTROL_PLANE.os, packageFamily: null }, cgroupVersion: null } });
  });
});

type Change = (message: HostFacts__Output) => object;

describe('what no honest host tells', () => {
  const CASES: readonly (readonly [string, string, Change])[] = [
    ['text that paints', 'kernel', () => ({ kernel: 'a\u001b[2Jb' })],
    ['text that is too long', 'osPrettyName', () => ({ osPrettyName: 'x'.repeat(129) })],
    ['a second line', 'osId', () => ({ osId: 'debian\nroot' })],
    ['a version that is none', 'containerd', () => ({ containerd: '1.7 ; rm -rf /' })],
    ['a package version with a blank', 'packages[kubeadm]', () => ({ packages: { kubeadm: '1.34.1 -1' } })],
    ['more memory than can be counted', 'memoryBytes', () => ({ memoryBytes: 2 ** 60 })],
    ['less than nothing free', 'freeBytes[/]', () => ({ freeBytes: { '/': -1 } })],
    ['a role that there is not', 'kubeadm.role', ({ kubeadm }) => ({ kubeadm: { ...kubeadm, role: 'owner' } })],
    ['an etcd that there is not', 'kubeadm.etcd', ({ kubeadm }) => ({ kubeadm: { ...kubeadm, etcd: '' } })],
    ['no kubelet', 'kubeadm.node', ({ kubeadm }) => ({ kubeadm: { ...kubeadm, node: null } })],
    ['a path that is none', 'kubeadm.node.podInfraImageFlagIn[0]', ({ kubeadm }) => ({ kubeadm: { ...kubeadm, node: { ...kubeadm?.node, podInfraImageFlagIn: ['etc'] } } })],
    ['too many files', 'kubeadm.node.podInfraImageFlagIn', ({ kubeadm }) => ({ kubeadm: { ...kubeadm, node: { ...kubeadm?.node, podInfraImageFlagIn: Array.from({ length: 17 }, () => '/a') } } })],
    ['too many certificates', 'kubeadm.node.certificates', ({ kubeadm }) => ({ kubeadm: { ...kubeadm, node: { ...kubeadm?.node, certificates: Array.from({ length: 49 }, () => ({ path: '/a', notAfterUnixMs: 1 })) } } })],
    ['a date that there is not', 'kubeadm.node.certificates[0].notAfterUnixMs', ({ kubeadm }) => ({ kubeadm: { ...kubeadm, node: { ...kubeadm?.node, certificates: [{ path: '/a', notAfterUnixMs: 2 ** 53 - 1 }] } } })],
    ['a runtime that nothing could be called', 'k3s.foundRuntimes[0]', () => ({ kubeadm: null, k3s: { ...overTheWire(K3S_SERVER).k3s, foundRuntimes: ['x\u001b'] } })],
    ['a datastore that there is not', 'k3s.datastore', () => ({ kubeadm: null, k3s: { ...overTheWire(K3S_SERVER).k3s, datastore: 'dbase' } })],
  ];
  const member = (over: object): Change => () => ({ etcdMember: { ...overTheWire({ ...BARE_HOST, etcdMember: ETCD_LOOK }).etcdMember, ...over } });
  const ETCD: readonly (readonly [string, string, Change])[] = [
    ['somebody else who starts etcd', 'etcdMember.runsAs', member({ runsAs: 'me' })],
    ['trouble that paints', 'etcdMember.trouble', member({ trouble: '\u001b[2J' })],
    ['an id that is no number', 'etcdMember.memberId', member({ memberId: '8211f1d0f64f3269' })],
    ['a version of etcd that is none', 'etcdMember.version', member({ version: '3.5 ' })],
    ['more members than a cluster has', 'etcdMember.members', member({ members: Array.from({ length: 17 }, () => ({ id: '1', name: '', isLearner: false, answers: true })) })],
    ['a member without an id', 'etcdMember.members[0].id', member({ members: [{ id: '', name: '', isLearner: false, answers: true }] })],
    ['an alarm of nobody', 'etcdMember.alarms[0].memberId', member({ alarms: [{ memberId: 'x', alarm: 'corrupt' }] })],
  ];
  test.each([...CASES, ...ETCD])('%s is refused: %s', (_what, field, change) => {
    const message = overTheWire(CONTROL_PLANE);
    const found = fromFactsMessage({ ...message, ...change(message) });
    expect(found).toMatchObject({ ok: false, error: { code: 'invalid-field', field } });
  });
});
