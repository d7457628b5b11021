import { describe, expect, test } from 'vitest';

import type { HostFacts, K3sFacts, KubeadmFacts } from '../../../shared/domain/host-facts.ts';
import { type KubeVersion, parseKubeVersion } from '../../../shared/domain/kube-version.ts';
import { FINDING_CODES } from '../../../shared/preflight/finding.ts';
import { preflight } from '../../../shared/preflight/preflight.ts';
import { manualUpgradeRequired } from '../../../shared/preflight/rules/manual-upgrade-required.ts';
import type { ClusterFacts, K3sTarget, KubeadmTarget, KubeletTarget } from '../../../shared/preflight/target.ts';
import { CONTROL_PLANE, K3S_SERVER, WORKER } from '../../support/example-facts.ts';

const MIB = 2 ** 20;
const NOW_UNIX_MS = Date.UTC(2026, 0, 1);

function version(text: string): KubeVersion {
  const parsed = parseKubeVersion(text);
  if (parsed === null) throw new Error(`${text} is no version`);
  return parsed;
}

function kubeadm(to: string, over: Partial<KubeadmTarget> = {}): KubeadmTarget {
  return { kind: 'kubeadm', controlPlane: false, version: version(to), from: null, nowUnixMs: NOW_UNIX_MS, cluster: null, etcdUpgrade: true, ignorePreflightErrors: [], needBytes: {}, ...over };
}

function kubelet(to: string, over: Partial<KubeletTarget> = {}): KubeletTarget {
  return { kind: 'kubelet', version: version(to), from: null, nowUnixMs: NOW_UNIX_MS, cluster: null, installs: {}, afterKubeadm: true, ...over };
}

function k3s(to: string, over: Partial<K3sTarget> = {}): K3sTarget {
  return { kind: 'k3s', controlPlane: false, version: version(to), from: null, nowUnixMs: NOW_UNIX_MS, cluster: null, needBytes: {}, ...over };
}

function controlPlane(over: Partial<KubeadmFacts> = {}, host: Partial<HostFacts> = {}): HostFacts {
  return { ...CONTROL_PLANE, ...host, kubernetes: { ...CONTROL_PLANE.kubernetes, ...over } };
}

function worker(over: Partial<KubeadmFacts> = {}, host: Partial<HostFacts> = {}): HostFacts {
  return { ...WORKER, ...host, kubernetes: { ...WORKER.kubernetes, ...over } };
}

function server(over: Partial<K3sFacts> = {}, host: Partial<HostFacts> = {}): HostFacts {
  return { ...K3S_SERVER, ...host, kubernetes: { ...K3S_SERVER.kubernetes, ...over } };
}

function etcd(release: string | null, ...experimentalFlags: readonly string[]): Partial<KubeadmFacts> {
  return { etcd: { kind: 'stacked', version: release, experimentalFlags } };
}

function cluster(nodes: Readonly<Record<string, HostFacts | null>>, over: Partial<ClusterFacts> = {}): ClusterFacts {
  return { name: 'north', nodes: Object.entries(nodes).map(([name, facts]) => ({ name, facts })), datastoreProved: true, proofObstacle: '', ...over };
}

function certificate(path: string, days: number): Pick<KubeadmFacts, 'certificates'> {
  return { certificates: [{ path, notAfterUnixMs: NOW_UNIX_MS + days * 86_400_000 }] };
}

const at1_36 = { kubeadm: '1.36.1-1.1', kubelet: '1.36.1-1.1', apiserver: 'v1.36.1', ...etcd('3.6.11-0') };
const FLAGS_ENV = '/var/lib/kubelet/kubeadm-flags.env';
const CONFIG = { group: 'kubelet.config.k8s.io', currentVersion: 'v1beta1', preferredVersion: 'v1', manualUpgradeRequired: true };
const CRUN = { runtimes: { containerd: '1.6.20~ds1-1+b1', runc: null, crun: '1.8.1-1', docker: null } };

type Case = readonly [title: string, facts: HostFacts, target: Parameters<typeof preflight>[1], lines: readonly string[]];

const CASES: Readonly<Record<string, readonly Case[]>> = {
  'version change': [
    ['a minor', controlPlane(), kubeadm('v1.34.1'), []],
    ['a patch', controlPlane(), kubeadm('v1.33.5'), []],
    ['again', controlPlane(), kubeadm('v1.33.4'), []],
    ['two minors', controlPlane(etcd('3.6.11')), kubeadm('v1.35.0'), ['error minor-skipped kube-apiserver: kube-apiserver v1.33.4 -> v1.35.0 skips a minor: upgrade to the newest v1.34 first']],
    ['two minors of a worker', worker(), kubeadm('v1.35.0'), []],
    ['two minors of a kubelet', worker(), kubelet('v1.35.0'), []],
    ['back within the minor', controlPlane(), kubeadm('v1.33.3'), ['error version-goes-back kube-apiserver: kube-apiserver v1.33.4 -> v1.33.3 goes back: to undo an upgrade, farrier rollout rollback']],
    ['back past the minor', server(), k3s('v1.32.9+k3s1'), ['error version-goes-back k3s: k3s v1.33.4+k3s1 -> v1.32.9+k3s1 goes back: to undo an upgrade, farrier rollout rollback or a restore of the datastore']],
    ['a kubelet back within the minor', worker(), kubelet('v1.33.3'), ['warning version-goes-back kubelet: kubelet v1.33.4 -> v1.33.3 goes back: to undo an upgrade, farrier rollout rollback']],
    ['a minor after a minor in the same sequence', controlPlane(etcd('3.6.11')), kubeadm('v1.35.0', { from: version('v1.34.1') }), []],
    ['two minors of K3s', server(), k3s('v1.35.0+k3s1'), ['error minor-skipped k3s: k3s v1.33.4+k3s1 -> v1.35.0+k3s1 skips a minor: upgrade to the newest v1.34 first']],
    ['two minors of a K3s agent', server({ role: 'agent', datastore: 'none' }), k3s('v1.35.0+k3s1'), ['error minor-skipped k3s: k3s v1.33.4+k3s1 -> v1.35.0+k3s1 skips a minor: upgrade to the newest v1.34 first']],
    ['a version that is none', server({ version: 'v1.33.4+rke2r1' }), k3s('v1.34.0+k3s1'), ['error version-unknown k3s: which version of k3s runs here is not known (it says v1.33.4+rke2r1): an upgrade cannot tell what it comes from; put a released version there, or upgrade this host by hand']],
    ['no version', worker({ kubelet: null }), kubelet('v1.34.0'), ['error version-unknown kubelet: which version of kubelet runs here is not known (it says none): an upgrade cannot tell what it comes from; put a released version there, or upgrade this host by hand']],
  ],
  certificates: [
    ['14 days left', controlPlane(certificate('/etc/kubernetes/pki/apiserver.crt', 14)), kubeadm('v1.33.5'), []],
    ['13 days left', controlPlane(certificate('/etc/kubernetes/pki/apiserver.crt', 13.9)), kubeadm('v1.33.5'), ['warning certificate-expires-soon /etc/kubernetes/pki/apiserver.crt: /etc/kubernetes/pki/apiserver.crt expires on 2026-01-14, in 13 days: renew it with kubeadm certs renew first']],
    ['expired', controlPlane(certificate('/etc/kubernetes/pki/apiserver.crt', -0.1)), kubeadm('v1.33.5'), ['error certificate-expired /etc/kubernetes/pki/apiserver.crt: /etc/kubernetes/pki/apiserver.crt expired on 2025-12-31: renew it with kubeadm certs renew first']],
    ['the kubelet’s expired', worker(certificate('/var/lib/kubelet/pki/kubelet-client-current.pem', -3)), kubeadm('v1.33.5'), ['error certificate-expired /var/lib/kubelet/pki/kubelet-client-current.pem: /var/lib/kubelet/pki/kubelet-client-current.pem expired on 2025-12-29: the kubelet renews it while it reaches the API server; see journalctl -u kubelet, else join the node anew']],
    ['an authority expired', controlPlane(certificate('/etc/kubernetes/pki/front-proxy-ca.crt', -3)), kubeadm('v1.33.5'), ['error certificate-expired /etc/kubernetes/pki/front-proxy-ca.crt: /etc/kubernetes/pki/front-proxy-ca.crt expired on 2025-12-29: nothing renews a certificate authority by itself: replace it by hand first']],
    ['one that K3s renews', server(certificate('/var/lib/rancher/k3s/agent/client-kubelet.crt', -3)), k3s('v1.33.5+k3s1'), []],
    ['an authority of K3s', server(certificate('/var/lib/rancher/k3s/server/tls/server-ca.crt', 1)), k3s('v1.33.5+k3s1'), ['warning certificate-expires-soon /var/lib/rancher/k3s/server/tls/server-ca.crt: /var/lib/rancher/k3s/server/tls/server-ca.crt expires on 2026-01-02, in 1 day: renew it with k3s certificate rotate-ca first']],
  ],
  'cgroup v1': [
    ['before 1.35', worker({}, { cgroupVersion: 1 }), kubelet('v1.34.0'), []],
    ['a kubelet 1.35', worker({}, { cgroupVersion: 1 }), kubelet('v1.35.0'), ['error cgroup-v1 /sys/fs/cgroup: this host has cgroup v1, and from 1.35 on the kubelet starts only on cgroup v2: boot it with cgroup v2 (kernel argument systemd.unified_cgroup_hierarchy=1), or set failCgroupV1: false in /var/lib/kubelet/config.yaml and in the ConfigMap kubelet-config of kube-system, from which kubeadm writes each node’s file anew, and ignorePreflightErrors: [SystemVerification] in its kubeadm step']],
    ['allowed by failCgroupV1: false', worker({ failCgroupV1: false }, { cgroupVersion: 1 }), kubelet('v1.35.0'), []],
    ['not allowed by failCgroupV1: true, nor where nothing is known', worker({ failCgroupV1: true }, { cgroupVersion: null }), kubelet('v1.35.0'), ['error cgroup-v1 /sys/fs/cgroup: which cgroup version this host has is not known, and from 1.35 on the kubelet starts only on cgroup v2: boot it with cgroup v2 (kernel argument systemd.unified_cgroup_hierarchy=1), or set failCgroupV1: false in /var/lib/kubelet/config.yaml and in the ConfigMap kubelet-config of kube-system, from which kubeadm writes each node’s file anew, and ignorePreflightErrors: [SystemVerification] in its kubeadm step']],
    ['a kubelet 1.35 that kubeadm does not run before', worker({}, { cgroupVersion: 1 }), kubelet('v1.35.0', { afterKubeadm: false }), ['error cgroup-v1 /sys/fs/cgroup: this host has cgroup v1, and from 1.35 on the kubelet starts only on cgroup v2: boot it with cgroup v2 (kernel argument systemd.unified_cgroup_hierarchy=1), or set failCgroupV1: false in /var/lib/kubelet/config.yaml']],
    ['kubeadm 1.34', worker({}, { cgroupVersion: 1 }), kubeadm('v1.34.9'), []],
    ['kubeadm 1.35, whatever the kubelet is told', worker({ failCgroupV1: false }, { cgroupVersion: 1 }), kubeadm('v1.35.0'), ['error cgroup-v1 /sys/fs/cgroup: this host has cgroup v1, which kubeadm refuses from 1.35 on, whatever failCgroupV1 says: boot it with cgroup v2, or set failCgroupV1: false for its kubelet, also in the ConfigMap kubelet-config of kube-system, from which kubeadm writes each node’s file anew, and ignorePreflightErrors: [SystemVerification] in its kubeadm step']],
    ['kubeadm 1.35, told to ignore its check', worker({}, { cgroupVersion: 1 }), kubeadm('v1.35.0', { ignorePreflightErrors: ['systemverification'] }), []],
    ['kubeadm 1.35 on cgroup v2', worker({}, { cgroupVersion: 2 }), kubeadm('v1.35.0'), []],
    ['K3s 1.35', server({ version: 'v1.34.4+k3s1' }, { cgroupVersion: 1 }), k3s('v1.35.0+k3s1'), ['error cgroup-v1 /sys/fs/cgroup: this host has cgroup v1, and from 1.35 on the kubelet starts only on cgroup v2: boot it with cgroup v2 (kernel argument systemd.unified_cgroup_hierarchy=1), or set failCgroupV1: false in a file in /var/lib/rancher/k3s/agent/etc/kubelet.conf.d']],
  ],
  '--pod-infra-container-image': [
    ['before 1.35', worker({ podInfraImageFlagIn: ['/etc/default/kubelet'] }), kubelet('v1.34.0'), []],
    ['anywhere', worker({ podInfraImageFlagIn: ['/etc/default/kubelet'] }), kubelet('v1.35.0'), ['error pod-infra-image-flag /etc/default/kubelet: /etc/default/kubelet gives the kubelet --pod-infra-container-image, which it does not know from 1.35 on and then does not start: take it out there, and out of whatever writes that file']],
    ['in kubeadm’s own file, which kubeadm 1.35 cleans', worker({ podInfraImageFlagIn: [FLAGS_ENV] }), kubelet('v1.35.2'), []],
    ['in kubeadm’s own file, where kubeadm does not run', worker({ podInfraImageFlagIn: [FLAGS_ENV] }), kubelet('v1.35.2', { afterKubeadm: false }), [`error pod-infra-image-flag ${FLAGS_ENV}: ${FLAGS_ENV} gives the kubelet --pod-infra-container-image, which it does not know from 1.35 on and then does not start: take it out there, and out of whatever writes that file`]],
    ['in kubeadm’s own file, which kubeadm 1.36 leaves as it is', worker({ podInfraImageFlagIn: [FLAGS_ENV] }), kubelet('v1.36.0'), [`error pod-infra-image-flag ${FLAGS_ENV}: ${FLAGS_ENV} gives the kubelet --pod-infra-container-image, which it does not know from 1.35 on and then does not start: take it out there, and out of whatever writes that file`]],
    ['in K3s’ configuration', server({ version: 'v1.34.4+k3s1', podInfraImageFlagIn: ['/etc/rancher/k3s/config.yaml'] }), k3s('v1.35.0+k3s1'), ['error pod-infra-image-flag /etc/rancher/k3s/config.yaml: /etc/rancher/k3s/config.yaml gives the kubelet --pod-infra-container-image, which it does not know from 1.35 on and then does not start: take it out there, and out of whatever writes that file']],
  ],
  containerd: [
    ['old, before 1.36', worker({}, { runtimes: { ...WORKER.runtimes, containerd: '1.7.28' } }), kubelet('v1.35.0'), []],
    ['2.2.0', worker({}, { runtimes: { ...WORKER.runtimes, containerd: '2.2.0~ds1-1' } }), kubelet('v1.36.0'), []],
    ['2.1.9', worker({}, { runtimes: { ...WORKER.runtimes, containerd: '2.1.9' } }), kubelet('v1.36.0'), ['error containerd-too-old containerd: containerd 2.1.9 does not serve a kubelet from 1.36 on, which needs 2.2.0 or newer: upgrade containerd first']],
    ['2.1.9, which the same upgrade makes 2.2.1', worker({}, { runtimes: { ...WORKER.runtimes, containerd: '2.1.9' } }), kubelet('v1.36.0', { installs: { containerd: '2.2.1-1' } }), []],
    ['none: another runtime', worker({}, { runtimes: { containerd: null, runc: null, crun: null, docker: '28.3.2' } }), kubelet('v1.36.0'), []],
  ],
  crun: [
    ['1.8 and an old containerd', worker({}, CRUN), kubelet('v1.34.0'), []],
    ['1.8, and this brings containerd 1.7.24', worker({}, CRUN), kubelet('v1.34.0', { installs: { containerd: '1.7.24~ds1-6' } }), ['error crun-too-old crun: crun 1.8.1-1 starts no container for containerd 1.7.24~ds1-6 ("unknown version specified"): upgrade crun to 1.14.3 or newer first']],
    ['1.8, and this brings containerd 1.7.23', worker({}, CRUN), kubelet('v1.34.0', { installs: { containerd: '1.7.23' } }), []],
    ['1.8 beside containerd 2.1 already', worker({}, { runtimes: { ...CRUN.runtimes, containerd: '2.1.9' } }), kubelet('v1.34.0'), ['warning crun-too-old crun: crun 1.8.1-1 starts no container for containerd 2.1.9 ("unknown version specified"): upgrade crun to 1.14.3 or newer first']],
    ['1.8, which the same upgrade replaces', worker({}, CRUN), kubelet('v1.34.0', { installs: { 'containerd.io': '1.7.28-1', crun: '1.21-1' } }), []],
    ['1.14.3', worker({}, { runtimes: { ...CRUN.runtimes, crun: '1.14.3' } }), kubelet('v1.34.0', { installs: { containerd: '1.7.24' } }), []],
  ],
  disk: [
    ['exactly twice', worker({}, { freeBytes: { '/': 200 * MIB } }), kubeadm('v1.33.5', { needBytes: { '/var/lib/containerd': 100 * MIB } }), []],
    ['a byte less', worker({}, { freeBytes: { '/': 200 * MIB - 1 } }), kubeadm('v1.33.5', { needBytes: { '/var/lib/containerd': 100 * MIB } }), ['error disk-too-small /: / has 200 MiB free, and 100 MiB will come there, of which 2 times as much has to be free: make room for 1 MiB']],
    ['folders on one disk count together', worker({}, { freeBytes: { '/': 0, '/var': 300 * MIB } }), kubeadm('v1.33.5', { needBytes: { '/var/lib/containerd': 100 * MIB, '/var/lib/etcd': 60 * MIB } }), ['error disk-too-small /var: /var has 300 MiB free, and 160 MiB will come there, of which 2 times as much has to be free: make room for 20 MiB']],
    ['folders that report the same room are one disk', worker({}, { freeBytes: { '/': 300 * MIB, '/var/lib/containerd': 300 * MIB } }), kubeadm('v1.33.5', { needBytes: { '/': 60 * MIB, '/var/lib/containerd': 100 * MIB } }), ['error disk-too-small /: / has 300 MiB free, and 160 MiB will come there, of which 2 times as much has to be free: make room for 20 MiB']],
    ['each on its own disk', server({}, { freeBytes: { '/': 10, '/var': 10, '/var/lib/rancher': 200 * MIB } }), k3s('v1.33.5+k3s1', { needBytes: { '/var/lib/rancher': 100 * MIB } }), []],
    ['nothing known of any disk', worker({}, { freeBytes: {} }), kubeadm('v1.33.5', { needBytes: { '/': 1 } }), ['error disk-too-small /: / has 0 MiB free, and 1 MiB will come there, of which 2 times as much has to be free: make room for 1 MiB']],
  ],
  'kubelets too old': [
    ['three minors', controlPlane(), kubeadm('v1.33.5', { cluster: cluster({ a: worker({ kubelet: '1.30.1-1.1' }) }) }), []],
    ['four minors', controlPlane({ ...etcd('3.5.32') }), kubeadm('v1.34.0', { cluster: cluster({ a: worker({ kubelet: '1.30.1-1.1' }), b: worker(), c: null, d: server(), one: controlPlane(), two: controlPlane() }) }), ['error kubelet-too-old a: the kubelet of a is v1.30.1, too old for kube-apiserver v1.34.0: upgrade that kubelet first']],
    ['its own, on the host', controlPlane({ kubelet: '1.30.1-1.1' }), kubeadm('v1.34.0'), ['error kubelet-too-old edge-1: the kubelet of edge-1 is v1.30.1, too old for kube-apiserver v1.34.0: upgrade that kubelet first']],
    ['no matter for a worker', worker({ kubelet: '1.30.1-1.1' }), kubeadm('v1.34.0'), []],
  ],
  etcd: [
    ['3.5.32 to 3.6', controlPlane(), kubeadm('v1.34.0'), []],
    ['3.5.31 to 3.6', controlPlane(etcd('3.5.31-0')), kubeadm('v1.34.0'), ['error etcd-too-old edge-1: etcd of edge-1 is 3.5.31, and this upgrade brings etcd 3.6: upgrade every member to 3.5.32 or newer first']],
    ['3.5.31 stays', controlPlane(etcd('3.5.31-0')), kubeadm('v1.33.5'), []],
    ['3.5.31, etcd left alone', controlPlane(etcd('3.5.31-0')), kubeadm('v1.34.0', { etcdUpgrade: false }), []],
    ['3.5.31 elsewhere in the cluster', controlPlane(), kubeadm('v1.34.0', { cluster: cluster({ one: controlPlane(), two: controlPlane(etcd('3.5.31-0')), w: worker() }) }), ['error etcd-too-old two: etcd of two is 3.5.31, and this upgrade brings etcd 3.6: upgrade every member to 3.5.32 or newer first']],
    ['unknown', controlPlane(etcd(null)), kubeadm('v1.34.0'), ['error etcd-too-old edge-1: etcd of edge-1 is of an unknown version (its manifest names none), and this upgrade brings etcd 3.6: upgrade every member to 3.5.32 or newer first']],
    ['3.6.11 to 3.7', controlPlane(at1_36), kubeadm('v1.37.0'), []],
    ['3.6.10 to 3.7', controlPlane({ ...at1_36, ...etcd('3.6.10-0') }), kubeadm('v1.37.0'), ['error etcd-too-old edge-1: etcd of edge-1 is 3.6.10, and this upgrade brings etcd 3.7: upgrade every member to 3.6.11 or newer first']],
    ['3.6 to 3.7 with flags of old', controlPlane({ ...at1_36, ...etcd('3.6.11-0', '--experimental-a', '--experimental-b') }), kubeadm('v1.37.0'), ['error etcd-flag-removed edge-1: etcd of edge-1 is started with --experimental-a, --experimental-b, which etcd 3.7 does not know and then does not start: give its new name, or take it out of etcd.local.extraArgs in ConfigMap kubeadm-config and of /etc/kubernetes/manifests/etcd.yaml']],
    ['flags of old in 3.6', controlPlane(etcd('3.5.32', '--experimental-a')), kubeadm('v1.34.0'), []],
    ['external', controlPlane({ etcd: { kind: 'external' } }), kubeadm('v1.34.0', { cluster: cluster({ one: controlPlane({ etcd: { kind: 'external' } }) }) }), []],
  ],
  'a single control plane': [
    ['and another etcd', controlPlane(), kubeadm('v1.34.0', { cluster: cluster({ 'edge-1': controlPlane(), w: worker() }) }), ['warning single-control-plane-etcd edge-1: edge-1 is the only control plane of north and this upgrade brings it etcd 3.6: kubeadm may time out on the way and put everything back though etcd is well; set etcdUpgrade: false for the upgrade to v1.34.0, and upgrade etcd afterwards as a step of its own']],
    ['and the same etcd', controlPlane(), kubeadm('v1.33.5', { cluster: cluster({ 'edge-1': controlPlane() }) }), []],
    ['and etcd left alone', controlPlane(), kubeadm('v1.34.0', { etcdUpgrade: false, cluster: cluster({ 'edge-1': controlPlane() }) }), []],
    ['two of them', controlPlane(), kubeadm('v1.34.0', { cluster: cluster({ one: controlPlane(), two: controlPlane() }) }), []],
  ],
  'K3s and etcd 3.6': [
    ['SQLite', server(), k3s('v1.34.1+k3s1'), []],
    ['an etcd from which there is no way', server({ datastore: 'etcd' }), k3s('v1.34.1+k3s1'), ['error k3s-etcd-too-old edge-1: k3s of edge-1 is v1.33.4+k3s1, with an etcd from which there is no safe way to the etcd 3.6 of v1.34.1+k3s1: upgrade every server to v1.33.7+k3s3 first']],
    ['v1.33.7+k3s2', server({ datastore: 'etcd', version: 'v1.33.7+k3s2' }), k3s('v1.34.1+k3s1'), ['error k3s-etcd-too-old edge-1: k3s of edge-1 is v1.33.7+k3s2, with an etcd from which there is no safe way to the etcd 3.6 of v1.34.1+k3s1: upgrade every server to v1.33.7+k3s3 first']],
    ['v1.33.7+k3s3', server({ datastore: 'etcd', version: 'v1.33.7+k3s3' }), k3s('v1.34.1+k3s1'), []],
    ['late patches of 1.33 bring etcd 3.6 too', server({ datastore: 'etcd' }), k3s('v1.33.13+k3s1'), ['error k3s-etcd-too-old edge-1: k3s of edge-1 is v1.33.4+k3s1, with an etcd from which there is no safe way to the etcd 3.6 of v1.33.13+k3s1: upgrade every server to v1.33.7+k3s3 first']],
    ['earlier ones do not', server({ datastore: 'etcd' }), k3s('v1.33.12+k3s1'), []],
    ['1.32 late', server({ datastore: 'etcd', version: 'v1.32.11+k3s3' }), k3s('v1.33.13+k3s1'), []],
    ['another server', server({ datastore: 'etcd', version: 'v1.33.7+k3s3' }), k3s('v1.34.1+k3s1', { cluster: cluster({ one: server({ datastore: 'etcd', version: 'v1.33.7+k3s3' }), two: server({ datastore: 'etcd' }), a: server({ role: 'agent', datastore: 'none' }) }) }), ['error k3s-etcd-too-old two: k3s of two is v1.33.4+k3s1, with an etcd from which there is no safe way to the etcd 3.6 of v1.34.1+k3s1: upgrade every server to v1.33.7+k3s3 first']],
  ],
  'no proof of the datastore': [
    ['a control plane', controlPlane(), kubeadm('v1.33.5', { cluster: cluster({ one: controlPlane(), two: controlPlane() }, { datastoreProved: false, proofObstacle: 'no host can prove it' }) }), ['error datastore-proof-missing north: nothing proves that the datastore of north can be brought back, and no proof can be made: no host can prove it']],
    ['a control plane of which a proof can be made', controlPlane(), kubeadm('v1.33.5', { cluster: cluster({ one: controlPlane(), two: controlPlane() }, { datastoreProved: false }) }), ['warning datastore-proof-missing north: nothing proves yet that the datastore of north can be brought back: the rollout has a snapshot taken, restored and compared first, and touches no control plane before; farrier snapshot prove does it now']],
    ['a worker', worker(), kubeadm('v1.33.5', { cluster: cluster({ one: controlPlane() }, { datastoreProved: false, proofObstacle: 'no host can prove it' }) }), []],
    ['a K3s server', server(), k3s('v1.33.5+k3s1', { cluster: cluster({ one: server() }, { datastoreProved: false, proofObstacle: 'no host can prove it' }) }), ['error datastore-proof-missing north: nothing proves that the datastore of north can be brought back, and no proof can be made: no host can prove it']],
    ['a K3s agent', server({ role: 'agent', datastore: 'none' }), k3s('v1.33.5+k3s1', { cluster: cluster({}, { datastoreProved: false, proofObstacle: 'no host can prove it' }) }), []],
    ['a host that says it is none, in a cluster without a name', worker(), kubeadm('v1.33.5', { controlPlane: true, cluster: cluster({}, { name: '', datastoreProved: false, proofObstacle: 'no host can prove it' }) }), ['error datastore-proof-missing its cluster: nothing proves that the datastore of its cluster can be brought back, and no proof can be made: no host can prove it']],
    ['left to the coordinator', controlPlane(), kubeadm('v1.33.5'), []],
  ],
};

describe.each(Object.entries(CASES))('%s', (_rule, cases) => {
  test.each(cases)('%s', (_title, facts, target, lines) => {
    expect(preflight(facts, target).map(({ severity, code, object, message }) => `${severity} ${code} ${object}: ${message}`)).toEqual(lines);
  });
});

test('kubeadm’s word that a configuration has to be converted by hand', () => {
  expect(manualUpgradeRequired('1.34.1', [CONFIG, { ...CONFIG, group: 'other', manualUpgradeRequired: false }])).toEqual([
    {
      ...{ code: 'manual-upgrade-required', severity: 'error', object: 'kubelet.config.k8s.io' },
      message: 'kubeadm 1.34.1 wants kubelet.config.k8s.io as v1 and cannot convert it from v1beta1: convert it by hand (kubeadm config migrate, or edit its ConfigMap in kube-system), then check again',
    },
  ]);
});

test('every code of the list has a case', () => {
  const found = Object.values(CASES).flat().flatMap(([, facts, target]) => preflight(facts, target).map(({ code }) => code));
  // Those of etcd by itself have a file of their own.
  expect([...new Set([...found, 'manual-upgrade-required', 'etcd-not-by-hand', 'etcd-alarm'])].toSorted()).toEqual(FINDING_CODES.toSorted());
});
