import { expect, test } from 'vitest';

import { mayProveHere } from '../../../../agent/snapshots/prove/may-prove-here.ts';
import type { EtcdLook } from '../../../../shared/domain/etcd-look.ts';
import type { HostFacts, K3sFacts, KubeadmFacts } from '../../../../shared/domain/host-facts.ts';
import { ETCD_LOOK } from '../../../support/example-facts.ts';

const KUBELET = { nodeName: 'n', criSocket: '', failCgroupV1: null, podInfraImageFlagIn: [], certificates: [] };
const kubeadm = (role: KubeadmFacts['role']): HostFacts['kubernetes'] => ({ ...KUBELET, kind: 'kubeadm', role, kubeadm: null, kubelet: null, kubectl: null, apiserver: null, etcd: { kind: 'none' } });
const k3s = (role: K3sFacts['role']): HostFacts['kubernetes'] => ({ ...KUBELET, kind: 'k3s', role, version: null, datastore: 'none', foundRuntimes: [] });

test.each<readonly [string, HostFacts['kubernetes'], EtcdLook | null, boolean, boolean]>([
  ['a host without Kubernetes', null, null, false, true],
  ['a worker of kubeadm', kubeadm('worker'), null, false, true],
  ['an agent of K3s', k3s('agent'), null, false, true],
  ['a control plane of kubeadm', kubeadm('control-plane'), null, false, false],
  ['a server of K3s', k3s('server'), null, false, false],
  ['a member of etcd that was set up by hand', null, ETCD_LOOK, false, false],
  ['a worker with such a member', kubeadm('worker'), ETCD_LOOK, false, false],
  ['one that answers nobody', null, { ...ETCD_LOOK, trouble: 'unreachable' }, false, false],
  ['a control plane whose settings allow it', kubeadm('control-plane'), null, true, true],
  ['a server whose settings allow it', k3s('server'), null, true, true],
  ['a member whose settings allow it', null, ETCD_LOOK, true, true],
])('%s', (_what, kubernetes, etcdMember, onControlPlane, may) => {
  const answer = mayProveHere({ kubernetes, etcdMember }, { onControlPlane });
  expect(answer.may).toBe(may);
  expect(answer.reason).toMatch(/^this host is .*\w$/);
});
