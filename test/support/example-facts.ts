import type { EtcdLook } from '../../shared/domain/etcd-look.ts';
import type { HostFacts, K3sFacts, KubeadmFacts } from '../../shared/domain/host-facts.ts';

const GIB = 2 ** 30;
const NEXT_SUMMER_UNIX_MS = Date.UTC(2026, 6, 1);

/** A host that nothing is wrong with, and that is no part of a cluster. */
export const BARE_HOST: HostFacts = {
  os: { id: 'debian', versionId: '12', prettyName: 'Debian GNU/Linux 12 (bookworm)', packageFamily: 'apt' },
  ...{ kernel: '6.1.0-41-amd64', architecture: 'amd64', cgroupVersion: 2, memoryBytes: 8 * GIB, rebootRequired: false, otherTools: [], packages: {} },
  freeBytes: { '/': 20 * GIB, '/var': 20 * GIB },
  runtimes: { containerd: '2.2.0', runc: '1.3.3', crun: null, docker: null },
  ...{ kubernetes: null, etcdMember: null, snapshots: null, datastore: null },
};

/** One of three members that are well; ids are past what a number of JavaScript's holds. */
export const ETCD_LOOK: EtcdLook = {
  ...{ runsAs: 'systemd', trouble: '', clusterId: '17237436991929493444', memberId: '9372538179322589801', version: '3.5.32', clusterVersion: '3.5', isLeader: true },
  members: ['9372538179322589801', '10501334649042878790', '18249187646912138824'].map((id, index) => ({ id, name: `infra-${index}`, isLearner: false, answers: true })),
  ...{ alarms: [], dbBytes: 20_971_520, dbInUseBytes: 18_874_368 },
};

const KUBEADM: KubeadmFacts = {
  ...{ kind: 'kubeadm', role: 'control-plane', nodeName: 'edge-1', kubeadm: '1.33.4-1.1', kubelet: '1.33.4-1.1', kubectl: '1.33.4-1.1', apiserver: 'v1.33.4' },
  etcd: { kind: 'stacked', version: '3.5.32-0', experimentalFlags: [] },
  ...{ criSocket: 'unix:///run/containerd/containerd.sock', failCgroupV1: null, podInfraImageFlagIn: [] },
  certificates: [
    { path: '/etc/kubernetes/pki/apiserver.crt', notAfterUnixMs: NEXT_SUMMER_UNIX_MS },
    { path: '/etc/kubernetes/pki/ca.crt', notAfterUnixMs: Date.UTC(2034, 6, 1) },
  ],
};

const K3S: K3sFacts = {
  ...{ kind: 'k3s', role: 'server', nodeName: 'edge-1', version: 'v1.33.4+k3s1', datastore: 'sqlite', foundRuntimes: [] },
  ...{ criSocket: 'unix:///run/k3s/containerd/containerd.sock', failCgroupV1: null, podInfraImageFlagIn: [] },
  certificates: [{ path: '/var/lib/rancher/k3s/agent/client-kubelet.crt', notAfterUnixMs: NEXT_SUMMER_UNIX_MS }],
};

export const CONTROL_PLANE = {
  ...BARE_HOST,
  freeBytes: { ...BARE_HOST.freeBytes, '/var/lib/containerd': 20 * GIB, '/var/lib/etcd': 20 * GIB, '/var/lib/kubelet': 20 * GIB },
  packages: { kubeadm: '1.33.4-1.1', kubelet: '1.33.4-1.1', kubectl: '1.33.4-1.1' },
  kubernetes: KUBEADM,
} as const satisfies HostFacts;

export const WORKER = { ...CONTROL_PLANE, kubernetes: { ...KUBEADM, role: 'worker', apiserver: null, etcd: { kind: 'none' }, certificates: [] } } as const satisfies HostFacts;

export const K3S_SERVER = {
  ...BARE_HOST,
  freeBytes: { ...BARE_HOST.freeBytes, '/var/lib/rancher': 20 * GIB },
  runtimes: { containerd: null, runc: null, crun: null, docker: null },
  ...{ rebootRequired: true, otherTools: ['unattended-upgrades'] },
  kubernetes: K3S,
} as const satisfies HostFacts;
