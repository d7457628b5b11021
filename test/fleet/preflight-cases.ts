import type { StepSpec } from '../../shared/domain/step-spec.ts';
import type { K3sSpec } from '../../shared/domain/steps/k3s-spec.ts';
import type { KubeadmSpec, KubeletSpec } from '../../shared/domain/steps/kubeadm-spec.ts';
import { EXPIRED_CERTIFICATE } from '../support/host-root.ts';

const TIMEOUTS = { upgradeManifestsMs: 0, etcdApiCallMs: 0, kubernetesApiCallMs: 0, controlPlaneHealthCheckMs: 0, kubeletHealthCheckMs: 0 };
export type Files = Readonly<Record<string, string>>;

export function kubelet(version: string): KubeletSpec {
  return { kind: 'kubelet', name: 'kubelet', timeoutMs: 60_000, version, action: 'restart', looks: 11, lookIntervalMs: 1_000 };
}

export function kubeadm(version: string, role: KubeadmSpec['role'] = 'control-plane'): KubeadmSpec {
  return { kind: 'kubeadm', name: 'kubeadm', timeoutMs: 60_000, role, version, etcdUpgrade: true, certificateRenewal: true, imagePullPolicy: 'Never', patches: '', ignorePreflightErrors: ['SystemVerification'], timeouts: TIMEOUTS };
}

function k3s(version: string): K3sSpec {
  return { kind: 'k3s', name: 'k3s', timeoutMs: 60_000, role: 'server', version, binary: { sha256: '0'.repeat(64), size: 1_000_000 }, images: null, crossesMinor: true };
}

function manifests(apiserver: string, etcd: string, ...flags: readonly string[]): Files {
  const pod = (image: string, more: readonly string[]): string => `apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - command: [${['it', ...more].join(', ')}]\n    image: ${image}\n`;
  return {
    '/etc/kubernetes/manifests/kube-apiserver.yaml': pod(`registry.k8s.io/kube-apiserver:v${apiserver}`, []),
    '/etc/kubernetes/manifests/etcd.yaml': pod(`registry.k8s.io/etcd:${etcd}`, flags),
  };
}

/** A host that kubeadm joined, whose kubelet may run on any cgroup. */
export const OF_KUBEADM: Files = { '/etc/kubernetes/kubelet.conf': 'kind: Config\n', '/var/lib/kubelet/config.yaml': 'failCgroupV1: false\n' };

function says(line: string): string {
  return `#!/bin/sh\necho '${line}'\n`;
}

const K3S_SERVER: Files = {
  '/etc/systemd/system/k3s.service': '[Service]\nExecStart=/usr/local/bin/k3s server\n',
  '/usr/local/bin/k3s': says('k3s version v1.33.4+k3s1 (148243c4)'),
  '/var/lib/rancher/k3s/server/db/etcd/name': 'edge-1',
};

const FLAG_LINE = (path: string): string => `pod-infra-image-flag: ${path} gives the kubelet --pod-infra-container-image, which it does not know from 1.35 on and then does not start: take it out there, and out of whatever writes that file`;
const UNKNOWN = 'an upgrade cannot tell what it comes from; put a released version there, or upgrade this host by hand';

/** Only on a machine that has it. */
export const CGROUP_V1 = 'cgroup v1, with which the kubelet is not told to put up';

/** What is put on the host, what it is then to do, what the refusal names, and its line. */
export const PREFLIGHT_CASES: readonly (readonly [title: string, files: Files, steps: readonly StepSpec[], object: string, line: string])[] = [
  ['a kubelet that does not say its version', { '/usr/local/bin/kubelet': says('hello') }, [kubelet('1.34.5')], 'kubelet', `version-unknown: which version of kubelet runs here is not known (it says none): ${UNKNOWN}`],
  ['a kubelet that would go back a minor', {}, [kubelet('1.33.0')], 'kubelet', 'version-goes-back: kubelet v1.34.4 -> v1.33.0 goes back: to undo an upgrade, farrier rollout rollback or a restore of the datastore'],
  ['a control plane that would skip a minor', manifests('1.34.4', '3.6.11-0'), [kubeadm('1.36.0')], 'kube-apiserver', 'minor-skipped: kube-apiserver v1.34.4 -> v1.36.0 skips a minor: upgrade to the newest v1.35 first'],
  ['an expired certificate', { '/etc/kubernetes/pki/apiserver.crt': EXPIRED_CERTIFICATE }, [kubeadm('1.34.5', 'worker')], '/etc/kubernetes/pki/apiserver.crt', 'certificate-expired: /etc/kubernetes/pki/apiserver.crt expired on 2025-02-01: renew it with kubeadm certs renew first'],
  ['a flag of old in the packages’ file', { '/etc/default/kubelet': 'KUBELET_EXTRA_ARGS=--pod-infra-container-image=pause:3.9\n' }, [kubelet('1.35.0')], '/etc/default/kubelet', FLAG_LINE('/etc/default/kubelet')],
  [
    'a flag of old in a file that a drop-in names',
    { '/etc/systemd/system/kubelet.service.d/90-site.conf': '[Service]\nEnvironmentFile=-/etc/site/kubelet.env\n', '/etc/site/kubelet.env': 'ARGS="--v=2 --pod-infra-container-image pause"\n' },
    ...([[kubelet('1.35.0')], '/etc/site/kubelet.env', FLAG_LINE('/etc/site/kubelet.env')] as const),
  ],
  [
    CGROUP_V1,
    { '/var/lib/kubelet/config.yaml': 'failCgroupV1: true\n' },
    ...([[kubelet('1.35.0')], '/sys/fs/cgroup', 'cgroup-v1: this host has cgroup v1, and from 1.35 on the kubelet starts only on cgroup v2: boot it with cgroup v2 (kernel argument systemd.unified_cgroup_hierarchy=1), or set failCgroupV1: false in /var/lib/kubelet/config.yaml'] as const),
  ],
  ['a containerd that the kubelet cannot use', {}, [kubelet('1.36.0')], 'containerd', 'containerd-too-old: containerd 1.6.20-1 does not serve a kubelet from 1.36 on, which needs 2.2.0 or newer: upgrade containerd first'],
  [
    'a crun that the containerd of the same sequence cannot use',
    {},
    [{ kind: 'packages', name: 'containerd', timeoutMs: 60_000, install: [{ name: 'containerd', version: '1.7.24-1' }], sources: ['lab'], conffiles: 'keep' }, kubelet('1.34.5')],
    ...(['crun', 'crun-too-old: crun 1.8.1-1 starts no container for containerd 1.7.24-1 ("unknown version specified"): upgrade crun to 1.14.3 or newer first'] as const),
  ],
  ['a kubelet too old for the next API server', { ...manifests('1.33.4', '3.5.32-0'), '/usr/local/bin/kubelet': says('Kubernetes v1.30.1') }, [kubeadm('1.34.0')], 'edge', 'kubelet-too-old: the kubelet of edge is v1.30.1, too old for kube-apiserver v1.34.0: upgrade that kubelet first'],
  ['an etcd from which 3.6 is no way', manifests('1.33.4', '3.5.31-0'), [kubeadm('1.34.0')], 'edge', 'etcd-too-old: etcd of edge is 3.5.31, and this upgrade brings etcd 3.6: upgrade every member to 3.5.32 or newer first'],
  ['an etcd from which 3.7 is no way', manifests('1.36.1', '3.6.10-0'), [kubeadm('1.37.0')], 'edge', 'etcd-too-old: etcd of edge is 3.6.10, and this upgrade brings etcd 3.7: upgrade every member to 3.6.11 or newer first'],
  [
    'a flag that etcd 3.7 does not know',
    manifests('1.36.1', '3.6.11-0', '--experimental-initial-corrupt-check=true'),
    [kubeadm('1.37.0')],
    ...(['edge', 'etcd-flag-removed: etcd of edge is started with --experimental-initial-corrupt-check, which etcd 3.7 does not know and then does not start: give its new name, or take it out of etcd.local.extraArgs in ConfigMap kubeadm-config and of /etc/kubernetes/manifests/etcd.yaml'] as const),
  ],
  [
    'K3s that would skip a minor',
    K3S_SERVER,
    ...([[k3s('v1.35.0+k3s1')], 'k3s', 'minor-skipped: k3s v1.33.4+k3s1 -> v1.35.0+k3s1 skips a minor: upgrade to the newest v1.34 first'] as const),
  ],
  [
    'K3s on an etcd that would be left behind',
    K3S_SERVER,
    ...([[k3s('v1.34.1+k3s1')], 'edge', 'k3s-etcd-too-old: k3s of edge is v1.33.4+k3s1, with an etcd from which there is no safe way to the etcd 3.6 of v1.34.1+k3s1: upgrade every server to v1.33.7+k3s3 first'] as const),
  ],
];
