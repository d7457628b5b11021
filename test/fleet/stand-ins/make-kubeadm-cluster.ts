import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import type { Fleet } from '../fleet.ts';
import type { Host } from '../host.ts';
import { clusterConfiguration, configMap, formatKubeYaml, kubeletConfiguration, kubeletFiles } from './kubeadm/cluster-configuration.ts';
import { CONTROL_PLANE_COMPONENTS, MANIFESTS, staticPodManifest } from './kubeadm/static-pod-manifests.ts';
import { KubernetesCluster } from './kubernetes-cluster.ts';
import { debVersion } from './kubernetes-debs.ts';
import { makeRealCluster } from './make-real-cluster.ts';
import { controlPlaneFiles, ENDPOINT, makeAuthorities, workerFiles, type PkiFiles } from './pki/kubeadm-pki.ts';
import { realFolder } from './real-programs.ts';
import { hostArchitecture } from '../../../systemd/package/node-runtime.ts';

export interface KubeadmClusterOptions {
  /** Names of hosts; the first one is where `kubeadm upgrade apply` belongs. */
  readonly controlPlanes: readonly string[];
  readonly workers: readonly string[];
  /** `1.33.9`, one of those that the stand-ins were packed with. */
  readonly version: string;
  /** Of workers that were left behind; `version` unless given. */
  readonly workerVersion?: string;
  /** Image tag of etcd where a person brought it further than kubeadm did: `3.5.32-0`. */
  readonly etcd?: string;
  /** More fields of every kubelet's configuration, such as failCgroupV1. */
  readonly kubelet?: Readonly<Record<string, unknown>>;
}

const READY_MAX_MS = 180_000;
const HELD = ['kubeadm', 'kubelet', 'kubectl'];

/**
 * Makes a cluster of hosts that were booted with packStandIns: packages installed and held, all nodes Ready. Stand-ins have
 * their files as `kubeadm init` and `join` leave them, in a few seconds; with FARRIER_REAL_BIN those run, and take minutes.
 */
export async function makeKubeadmCluster(fleet: Fleet, options: KubeadmClusterOptions): Promise<KubernetesCluster> {
  const { version, workerVersion = version } = options;
  const planes = options.controlPlanes.map((name) => fleet.host(name));
  const workers = options.workers.map((name) => fleet.host(name));
  const cluster = new KubernetesCluster(planes, workers, ['kubectl', '--kubeconfig=/etc/kubernetes/admin.conf']);
  const endpoints = planes.map(({ address }) => `${address} ${ENDPOINT}\n`).join('');
  await Promise.all([...planes, ...workers].map(async (host) => {
    await installPackages(host, workers.includes(host) ? workerVersion : version);
    await host.mustExec(['sh', '-c', 'printf %s "$1" >> /etc/hosts', 'sh', endpoints]);
  }));
  if (realFolder() === null) await makeStandInCluster(cluster, options);
  else await makeRealCluster(cluster, options);
  await cluster.until(READY_MAX_MS, async () => {
    const versions = await cluster.versions();
    return planes.every(({ name }) => versions[name] === `v${version}`) && workers.every(({ name }) => versions[name] === `v${workerVersion}`);
  });
  return cluster;
}

async function makeStandInCluster(cluster: KubernetesCluster, { version, workerVersion = version, etcd, kubelet = {} }: KubeadmClusterOptions): Promise<void> {
  const { controlPlanes: planes, workers } = cluster;
  const target = `v${version}`;
  const authorities = await makeAuthorities();
  const kubeletConfig = kubeletConfiguration(kubelet);
  const initialCluster = planes.map(({ name, address }) => `${name}=https://${address}:2380`).join(',');
  const start = async (host: Host, files: PkiFiles, own = version): Promise<void> => {
    await putFiles(host, { ...files, ...kubeletFiles(`v${own}`, kubeletConfig) });
    await host.mustExec(['systemctl', 'start', 'kubelet.service']);
  };
  await Promise.all([
    ...planes.map(async (host, index) => {
      const parts = { version: target, node: host, etcd: { initialCluster, state: 'new' } } as const;
      const manifests = Object.fromEntries((['etcd', ...CONTROL_PLANE_COMPONENTS] as const).map((component) => [`${MANIFESTS}/${component}.yaml`, withEtcd(staticPodManifest(component, parts), etcd)]));
      await start(host, { ...(await controlPlaneFiles(authorities, host, index === 0)), ...manifests });
    }),
    ...workers.map(async (host) => start(host, await workerFiles(authorities, host), workerVersion)),
  ]);
  await cluster.until(READY_MAX_MS, async () => (await cluster.nodes()).length === planes.length + workers.length);
  const maps = '/api/v1/namespaces/kube-system/configmaps';
  await cluster.create(maps, configMap('kubeadm-config', { ClusterConfiguration: formatKubeYaml(clusterConfiguration(target)) }));
  await cluster.create(maps, configMap('kubelet-config', { kubelet: formatKubeYaml(kubeletConfig) }));
  for (const { name } of planes) {
    const taints = [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }];
    await cluster.kubectl(['patch', 'node', name, '--type=merge', '-p', JSON.stringify({ metadata: { labels: { 'node-role.kubernetes.io/control-plane': '' } }, spec: { taints } })]);
  }
}

function withEtcd(manifest: string, tag: string | undefined): string {
  return tag === undefined ? manifest : manifest.replace(/(\/etcd):[\d.]+-\d+/, `$1:${tag}`);
}

async function installPackages(host: Host, version: string): Promise<void> {
  const debs = ['cri-tools', 'kubernetes-cni', ...HELD].map((name) => `/srv/repo/${name}_${debVersion(version)}_${hostArchitecture()}.deb`);
  await host.mustExec(['dpkg', '--install', ...debs]);
  await host.mustExec(['apt-mark', 'hold', ...HELD]);
}

async function putFiles(host: Host, files: PkiFiles): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'farrier-cluster-'));
  const tree = join(folder, 'tree');
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), text, { mode: /\.(key|conf|pem|yaml)$/.test(path) ? 0o600 : 0o644 });
    }
    await host.copyIn(tree, '/');
  } finally {
    rmSync(folder, { recursive: true });
  }
}
