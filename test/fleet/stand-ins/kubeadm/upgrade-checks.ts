import { existsSync } from 'node:fs';

import type { ApiClient } from '../api/api-client.ts';
import { compareKubeVersions, parseKubeVersion } from '../version-info.ts';
import { listNodes } from './cluster-reader.ts';
import { KubeadmError, mustPass } from './kubeadm-error.ts';
import { CONTROL_PLANE_COMPONENTS, MANIFESTS } from './static-pod-manifests.ts';
import { systemVerificationError } from './system-verification.ts';

/** Minors that kubelets may be behind the new version (constants of the skew policy, 3 since 1.28). */
const KUBELET_SKEW = 3;

/** RunUpgradeChecks, on every node. @throws KubeadmError */
export function checkSystem(kubeadmVersion: string, ignored: readonly string[]): void {
  const error = systemVerificationError(kubeadmVersion);
  if (error !== null) mustPass(kubeadmVersion, [['SystemVerification', error]], ignored);
}

/** CheckClusterHealth: control planes Ready, manifests there. @throws KubeadmError */
export async function checkClusterHealth(client: ApiClient, kubeadmVersion: string, ignored: readonly string[]): Promise<void> {
  console.log('[upgrade] Running cluster health checks');
  const failed: [string, string][] = [];
  const notReady = (await listNodes(client)).filter(({ metadata, status }) =>
    'node-role.kubernetes.io/control-plane' in (metadata.labels ?? {}) && status.conditions?.some(({ type, status: value }) => type === 'Ready' && value !== 'True') === true);
  if (notReady.length > 0) failed.push(['ControlPlaneNodesReady', `there are NotReady control-planes in the cluster: [${notReady.map(({ metadata }) => metadata.name).join(' ')}]`]);
  const missing = CONTROL_PLANE_COMPONENTS.map((component) => `${MANIFESTS}/${component}.yaml`).filter((path) => !existsSync(path));
  if (missing.length > 0) failed.push(['StaticPodManifest', `the control plane seems to be Static Pod-hosted, but some of the manifests don't seem to exist on disk. This probably means you're running 'kubeadm upgrade' on a remote machine, which is not supported for a Static Pod-hosted cluster. Manifest files not found: [${missing.join(' ')}]`]);
  mustPass(kubeadmVersion, failed, ignored);
}

/** EnforceVersionPolicies. @throws KubeadmError: for what is fatal, and without --force for what can be skipped */
export function checkVersionPolicy(target: string, clusterVersion: string, kubeadmVersion: string, kubelets: readonly string[], isForced: boolean): void {
  const [next, cluster, own] = [target, clusterVersion, kubeadmVersion].map(parseKubeVersion) as [ReturnType<typeof parseKubeVersion>, ReturnType<typeof parseKubeVersion>, ReturnType<typeof parseKubeVersion>];
  const mandatory: string[] = [];
  const skippable: string[] = [];
  if (next.minor > cluster.minor + 1) mandatory.push(`Specified version to upgrade to "${target}" is too high; kubeadm can upgrade only 1 minor version at a time`);
  if (next.minor < cluster.minor - 1) mandatory.push(`Specified version to downgrade to "${target}" is too low; kubeadm can downgrade only 1 minor version at a time`);
  if (next.minor > own.minor) mandatory.push(`Specified version to upgrade to "${target}" is at least one minor release higher than the kubeadm minor release (${next.minor} > ${own.minor}). Such an upgrade is not supported`);
  else if (compareKubeVersions(own, next) < 0) skippable.push(`Specified version to upgrade to "${target}" is higher than the kubeadm version "${kubeadmVersion}". Upgrade kubeadm first using the tool you used to install kubeadm`);
  if (own.minor > next.minor) skippable.push(`Kubeadm version ${kubeadmVersion} can only be used to upgrade to Kubernetes version ${own.major}.${own.minor}`);
  const old = [...new Set(kubelets)].filter((version) => next.minor > parseKubeVersion(version).minor + KUBELET_SKEW);
  if (old.length > 0) skippable.push(`There are kubelets in this cluster that are too old that have these versions [${old.join(' ')}]`);
  if (mandatory.length > 0) throw new KubeadmError(`error execution phase preflight: the version argument is invalid due to these fatal errors:\n\n${list(mandatory)}\nPlease fix the misalignments highlighted above and try upgrading again`);
  if (skippable.length > 0 && !isForced) throw new KubeadmError(`error execution phase preflight: the version argument is invalid due to these errors:\n\n${list(skippable)}\nCan be bypassed if you pass the --force flag`);
}

function list(lines: readonly string[]): string {
  return lines.map((line) => `\t- ${line}\n`).join('');
}
