import { expect, test } from 'vitest';

import { mayProveHere } from '../../../../agent/snapshots/prove/may-prove-here.ts';
import type { HostFacts, K3sFacts, KubeadmFacts } from '../../../../shared/domain/host-facts.ts';

const KUBELET = { nodeName: 'n', criSocket: '', failCgroupV1: null, podInfraImageFlagIn: [], certificates: [] };
const kubeadm = (role: KubeadmFacts['role']): HostFacts['kubernetes'] => ({ ...KUBELET, kind: 'kubeadm', role, kubeadm: null, kubelet: null, kubectl: null, apiserver: null, etcd: { kind: 'none' } });
const k3s = (role: K3sFacts['role']): HostFacts['kubernetes'] => ({ ...KUBELET, kind: 'k3s', role, version: null, datastore: 'none', foundRuntimes: [] });

test.each([
  ['a host without Kubernetes', null, false, true],
  ['a worker of kubeadm', kubeadm('worker'), false, true],
  ['an agent of K3s', k3s('agent'), false, true],
  ['a control plane of kubeadm', kubeadm('control-plane'), false, false],
  ['a server of K3s', k3s('server'), false, false],
  ['a control plane whose settings allow it', kubeadm('control-plane'), true, true],
  ['a server whose settings allow it', k3s('server'), true, true],
])('%s', (_what, kubernetes, onControlPlane, may) => {
  const answer = mayProveHere({ kubernetes }, { onControlPlane });
  expect(answer.may).toBe(may);
  expect(answer.reason).toMatch(/^this host is .*\w$/);
});
