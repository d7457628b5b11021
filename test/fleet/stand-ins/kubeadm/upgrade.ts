import { existsSync } from 'node:fs';
import { parse } from 'yaml';

import { ApiClient } from '../api/api-client.ts';
import { compareKubeVersions, parseKubeVersion } from '../version-info.ts';
import { componentPods, listNodes, NODE_NAME, readCluster, readConfigMap, writeVersion } from './cluster-reader.ts';
import type { UpgradeArguments } from './kubeadm-arguments.ts';
import { KubeadmError } from './kubeadm-error.ts';
import { removeOldKubeletFlags, writeKubeletConfig } from './kubelet-config-phase.ts';
import { releaseFacts } from './release-facts.ts';
import { MANIFESTS } from './static-pod-manifests.ts';
import { upgradeStaticPods } from './static-pod-upgrade.ts';
import { checkClusterHealth, checkSystem, checkVersionPolicy } from './upgrade-checks.ts';

export interface KubeadmRun {
  /** Of this kubeadm: `v1.34.1`. */
  readonly kubeadmVersion: string;
  readonly passPoint: (at: string) => Promise<void>;
}

const ADMIN = '/etc/kubernetes/admin.conf';
const KUBELET = '/etc/kubernetes/kubelet.conf';

/** `kubeadm upgrade apply VERSION`, on the first control plane. */
export async function upgradeApply(run: KubeadmRun, args: UpgradeArguments): Promise<void> {
  const { kubeadmVersion, passPoint } = run;
  const version = normalise(args.version ?? '');
  const client = connect(args.kubeconfig ?? ADMIN);
  try {
    console.log('[upgrade] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...');
    console.log("[upgrade] Use 'kubeadm init phase upload-config kubeadm --config your-config-file' to re-upload it.");
    const cluster = await readCluster(client);
    if (!args.skipPhases.includes('preflight')) {
      console.log('[upgrade/preflight] Running preflight checks');
      checkSystem(kubeadmVersion, args.ignored);
      await checkClusterHealth(client, kubeadmVersion, args.ignored);
      console.log(`[upgrade/preflight] You have chosen to upgrade the cluster version to "${version}"`);
      console.log(`[upgrade/versions] Cluster version: ${cluster.kubernetesVersion}`);
      console.log(`[upgrade/versions] kubeadm version: ${kubeadmVersion}`);
      checkVersionPolicy(version, cluster.kubernetesVersion, kubeadmVersion, (await listNodes(client)).flatMap(({ status }) => status.nodeInfo?.['kubeletVersion'] ?? []), args.isForced);
      if (!args.isConfirmed && !args.isForced && !args.isDryRun) throw new KubeadmError('error execution phase preflight: won\'t proceed; the user didn\'t answer (Y|y) in order to continue');
      console.log('[upgrade/preflight] Pulling images required for setting up a Kubernetes cluster');
      await passPoint('pull-images');
    }
    if (args.isDryRun) return;
    console.log(`[upgrade/control-plane] Upgrading your static Pod-hosted control plane to version "${version}" (timeout: ${Math.round(args.upgradeManifestsMs / 60_000)}m0s)...`);
    await phase('control-plane', () => upgradeStaticPods({ ...args, ...run, client, version }), "couldn't complete the static pod upgrade");
    console.log('[upgrade/control-plane] The control plane instance for this node was successfully upgraded!');
    await passPoint('control-plane-upgraded');
    await phase('upload-config', () => writeVersion(client, cluster, version));
    console.log('[upload-config] Storing the configuration used in ConfigMap "kubeadm-config" in the "kube-system" Namespace');
    console.log('[kubelet] Creating a ConfigMap "kubelet-config" in namespace kube-system with the configuration for the kubelets in the cluster');
    await passPoint('config-uploaded');
    console.log('[upgrade/kubeconfig] The kubeconfig files for this node were successfully upgraded!');
    await phase('kubelet-config', () => writeKubeletConfig({ client, kubeadmVersion, passPoint }));
    console.log('[upgrade/bootstrap-token] Configuring bootstrap token and cluster-info RBAC rules');
    await addons(client);
    removeOldKubeletFlags(kubeadmVersion);
    await passPoint('end');
    console.log(`\n[upgrade] SUCCESS! A control plane node of your cluster was upgraded to "${version}".\n`);
    console.log('[upgrade] Now please proceed with upgrading the rest of the nodes by following the right order.');
  } finally {
    client.close();
  }
}

/** `kubeadm upgrade node`, on further control planes and on workers. */
export async function upgradeNode(run: KubeadmRun, args: UpgradeArguments): Promise<void> {
  const { kubeadmVersion, passPoint } = run;
  const isControlPlane = existsSync(`${MANIFESTS}/kube-apiserver.yaml`);
  const client = connect(args.kubeconfig ?? (isControlPlane ? ADMIN : KUBELET));
  try {
    console.log('[upgrade] Reading configuration from the "kubeadm-config" ConfigMap in namespace "kube-system"...');
    console.log("[upgrade] Use 'kubeadm init phase upload-config kubeadm --config your-config-file' to re-upload it.");
    const { kubernetesVersion } = await readCluster(client);
    console.log('[upgrade/preflight] Running pre-flight checks');
    if (!args.skipPhases.includes('preflight')) checkSystem(kubeadmVersion, args.ignored);
    await passPoint('preflight');
    if (isControlPlane) {
      console.log('[upgrade/preflight] Pulling images required for setting up a Kubernetes cluster');
      await passPoint('pull-images');
      if (args.isDryRun) return;
      console.log(`[upgrade/control-plane] Upgrading your Static Pod-hosted control plane instance to version "${kubernetesVersion}"...`);
      await phase('control-plane', () => upgradeStaticPods({ ...args, ...run, client, version: kubernetesVersion }));
      console.log('[upgrade/control-plane] The control plane instance for this node was successfully upgraded!');
      await passPoint('control-plane-upgraded');
      console.log('[upgrade/kubeconfig] The kubeconfig files for this node were successfully upgraded!');
    } else {
      console.log('[upgrade/preflight] Skipping prepull. Not a control plane node.');
      console.log('[upgrade/control-plane] Skipping phase. Not a control plane node.');
      console.log('[upgrade/kubeconfig] Skipping phase. Not a control plane node.');
      if (args.isDryRun) return;
    }
    await phase('kubelet-config', () => writeKubeletConfig({ client, kubeadmVersion, passPoint }));
    if (isControlPlane) await addons(client);
    else for (const addon of ['coredns', 'kube-proxy']) console.log(`[upgrade/addon] Skipping the addon/${addon} phase. Not a control plane node.`);
    removeOldKubeletFlags(kubeadmVersion);
    await passPoint('end');
  } finally {
    client.close();
  }
}

/** `kubeadm upgrade plan VERSION -o json`: with a version it asks nobody but the cluster. null where that is not newer. */
export async function upgradePlan({ kubeadmVersion }: KubeadmRun, given: string): Promise<Readonly<Record<string, unknown>> | null> {
  const target = normalise(given);
  const client = connect(ADMIN);
  try {
    await readCluster(client);
    const images = (await componentPods(client, 'kube-apiserver')).map(({ image }) => image.split(':').at(-1) ?? '');
    const current = images.toSorted((a, b) => compareKubeVersions(parseKubeVersion(a), parseKubeVersion(b))).at(-1) ?? '';
    if (compareKubeVersions(parseKubeVersion(current), parseKubeVersion(target)) >= 0) return null;
    const nodes = await listNodes(client);
    const component = (name: string, currentVersion: string, newVersion: string, nodeName?: string) => ({ name, currentVersion, newVersion, ...(nodeName === undefined ? {} : { nodeName }) });
    const podsOf = async (name: string, newVersion: string) => (await componentPods(client, name)).map(({ image, node }) => component(name, image.split(':').at(-1) ?? '', newVersion, node));
    const components = [
      ...nodes.map(({ metadata, status }) => component('kubelet', status.nodeInfo?.['kubeletVersion'] ?? '', target, metadata.name)),
      ...(await podsOf('kube-apiserver', target)), ...(await podsOf('kube-controller-manager', target)), ...(await podsOf('kube-scheduler', target)),
      component('kube-proxy', current.replace(/^v/, ''), target), component('CoreDNS', releaseFacts(current).coreDns, releaseFacts(kubeadmVersion).coreDns), component('kubeadm', kubeadmVersion, target),
      ...(await podsOf('etcd', releaseFacts(target).etcd)),
    ];
    const kubelet = (parse(await readConfigMap(client, 'kubelet-config', 'kubelet')) as { apiVersion: string }).apiVersion.split('/')[1] ?? '';
    return {
      kind: 'UpgradePlan',
      apiVersion: 'output.kubeadm.k8s.io/v1alpha3',
      availableUpgrades: [{ description: `version in the v1.${parseKubeVersion(current).minor} series`, components }],
      configVersions: [
        { group: 'kubeproxy.config.k8s.io', currentVersion: 'v1alpha1', preferredVersion: 'v1alpha1', manualUpgradeRequired: false },
        { group: 'kubelet.config.k8s.io', currentVersion: kubelet, preferredVersion: 'v1beta1', manualUpgradeRequired: kubelet !== 'v1beta1' },
      ],
    };
  } finally {
    client.close();
  }
}

/** Addons follow the last control plane. */
async function addons(client: ApiClient): Promise<void> {
  const pods = await componentPods(client, 'kube-apiserver');
  const own = pods.find(({ node }) => node === NODE_NAME)?.image;
  const behind = pods.filter(({ image }) => image !== own).map(({ node }) => node).toSorted();
  if (behind.length > 0) console.log(`[upgrade/addon] Skipping upgrade of addons because control plane instances [${behind.join(' ')}] have not been upgraded`);
  else console.log('[addons] Applied essential addon: CoreDNS\n[addons] Applied essential addon: kube-proxy');
}

async function phase(name: string, work: () => Promise<void>, what = ''): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new KubeadmError(`error execution phase ${name}: ${what === '' ? '' : `${what}: `}${error instanceof Error ? error.message : String(error)}`);
  }
}

function connect(kubeconfig: string): ApiClient {
  try {
    if (!existsSync(kubeconfig)) throw new Error(`failed to load admin kubeconfig: open ${kubeconfig}: no such file or directory`);
    return new ApiClient(kubeconfig);
  } catch (error) {
    throw new KubeadmError(`couldn't create a Kubernetes client from file "${kubeconfig}": ${error instanceof Error ? error.message : String(error)}`);
  }
}

function normalise(version: string): string {
  const text = version.startsWith('v') ? version : `v${version}`;
  try {
    parseKubeVersion(text);
  } catch {
    throw new KubeadmError(`couldn't parse version "${version}": ${JSON.stringify(version)} didn't match semantic version requirements`);
  }
  return text;
}
