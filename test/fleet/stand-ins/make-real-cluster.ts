import { stringify } from 'yaml';

import type { Host } from '../host.ts';
import { RUNTIME } from './bundle-stand-ins.ts';
import type { KubernetesCluster } from './kubernetes-cluster.ts';
import type { KubeadmClusterOptions } from './make-kubeadm-cluster.ts';
import { ENDPOINT } from './pki/kubeadm-pki.ts';
import { prepareRealHost } from './real-host.ts';
import { CONTROL_PLANE_IMAGES, NODE_IMAGES } from './real-images.ts';

const API = 'kubeadm.k8s.io/v1beta4';
/** Nobody but the hosts of one test reaches this cluster. */
const TOKEN = 'farri3.0123456789abcdef';
/** Of what further control planes get by way of the cluster. */
const CERTIFICATE_KEY = '0'.repeat(64);
const INIT_MAX_MS = 5 * 60_000;

/** `kubeadm init` and `kubeadm join` on hosts that have the packages. Nodes may not be Ready yet when it returns. */
export async function makeRealCluster({ controlPlanes, workers }: KubernetesCluster, { version, etcd, kubelet = {} }: KubeadmClusterOptions): Promise<void> {
  if (etcd !== undefined) throw new Error('etcd of a real cluster is the one that Debian has, under the tag that kubeadm asks for');
  const [first, ...further] = controlPlanes;
  if (first === undefined) throw new Error('a cluster needs a control plane');
  const packed = (await first.mustExec(['ls', `${RUNTIME}/images`])).trim().split('\n');
  const archives = (name: string): readonly string[] => packed.map((one) => `${RUNTIME}/images/${one}/${name}`);
  const pause = await pauseOf(first);
  await Promise.all([...controlPlanes, ...workers].map((host) =>
    prepareRealHost(host, pause, [...archives(NODE_IMAGES), ...(controlPlanes.includes(host) ? archives(CONTROL_PLANE_IMAGES) : [])])));
  await run(first, 'init', [initConfiguration(first), clusterConfiguration(version), kubeletConfiguration(kubelet)], further.length === 0 ? [] : ['--upload-certs']);
  // One at a time: each adds a member to etcd.
  for (const host of further) await run(host, 'join', [joinConfiguration(host, true)]);
  await Promise.all(workers.map((host) => run(host, 'join', [joinConfiguration(host, false)])));
}

async function run(host: Host, verb: 'init' | 'join', documents: readonly unknown[], flags: readonly string[] = []): Promise<void> {
  await host.writeFile(`/root/kubeadm-${verb}.yaml`, documents.map((document) => stringify(document)).join('---\n'), 0o600);
  await host.mustExec(['kubeadm', verb, '--config', `/root/kubeadm-${verb}.yaml`, ...flags], { timeoutMs: INIT_MAX_MS });
}

async function pauseOf(host: Host): Promise<string> {
  const listed = await host.mustExec(['sh', '-c', 'kubeadm config images list --kubernetes-version $(kubeadm version -o short)']);
  return listed.split('\n').find((reference) => reference.includes('/pause:')) ?? '';
}

/** Hosts of the fleet lack what only other clusters need, such as conntrack; and no image can be pulled. */
function registration(host: Host): Readonly<Record<string, unknown>> {
  return { name: host.name, criSocket: 'unix:///run/containerd/containerd.sock', imagePullPolicy: 'Never', ignorePreflightErrors: ['all'] };
}

function initConfiguration(host: Host): unknown {
  return {
    apiVersion: API, kind: 'InitConfiguration', bootstrapTokens: [{ token: TOKEN, ttl: '24h0m0s', groups: ['system:bootstrappers:kubeadm:default-node-token'], usages: ['signing', 'authentication'] }],
    certificateKey: CERTIFICATE_KEY, localAPIEndpoint: { advertiseAddress: host.address }, nodeRegistration: registration(host),
  };
}

/** The addons need images of programs that are not asked for: kubeadm lets a cluster go without them. */
function clusterConfiguration(version: string): unknown {
  return {
    apiVersion: API, kind: 'ClusterConfiguration', kubernetesVersion: `v${version}`, controlPlaneEndpoint: `${ENDPOINT}:6443`, encryptionAlgorithm: 'ECDSA-P256',
    dns: { disabled: true }, proxy: { disabled: true },
  };
}

/** Small disks are no reason to evict or to collect images; control groups are the host's own, without systemd's slices. */
function kubeletConfiguration(more: Readonly<Record<string, unknown>>): unknown {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1', kind: 'KubeletConfiguration', cgroupDriver: 'cgroupfs',
    evictionHard: { 'memory.available': '0%', 'nodefs.available': '0%', 'imagefs.available': '0%' }, imageGCHighThresholdPercent: 100, ...more,
  };
}

function joinConfiguration(host: Host, controls: boolean): unknown {
  return {
    apiVersion: API, kind: 'JoinConfiguration', nodeRegistration: registration(host),
    discovery: { bootstrapToken: { token: TOKEN, apiServerEndpoint: `${ENDPOINT}:6443`, unsafeSkipCAVerification: true } },
    ...(controls ? { controlPlane: { certificateKey: CERTIFICATE_KEY, localAPIEndpoint: { advertiseAddress: host.address } } } : {}),
  };
}
