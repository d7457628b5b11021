import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { parse } from 'yaml';

import type { ApiClient } from '../api/api-client.ts';
import { klogLine } from '../klog-line.ts';
import { formatKubeYaml, instanceConfig } from './cluster-configuration.ts';
import { NODE_NAME, readConfigMap } from './cluster-reader.ts';
import { releaseFacts } from './release-facts.ts';

const TMP = '/etc/kubernetes/tmp';
const KUBELET = '/var/lib/kubelet';

export interface KubeletConfigParts {
  readonly client: ApiClient;
  /** Of this kubeadm. */
  readonly kubeadmVersion: string;
  readonly passPoint: (at: string) => Promise<void>;
}

/**
 * Downloads the kubelet's configuration. From 1.34 (feature gate NodeLocalCRISocket) the runtime's socket moves from
 * kubeadm-flags.env to instance-config.yaml, and from there into config.yaml.
 */
export async function writeKubeletConfig({ client, kubeadmVersion, passPoint }: KubeletConfigParts): Promise<void> {
  const config = parse(await readConfigMap(client, 'kubelet-config', 'kubelet')) as Readonly<Record<string, unknown>>;
  const { isSocketLocal, stampsKubeletBackup } = releaseFacts(kubeadmVersion);
  const backup = stampsKubeletBackup ? stampedFolder('kubeadm-kubelet-config') : temporaryFolder('kubeadm-kubelet-config');
  console.error(klogLine('W', 'postupgrade.go:117', `Using temporary directory ${backup} for kubelet config. To override it set the environment variable KUBEADM_UPGRADE_DRYRUN_DIR`));
  console.log(`[upgrade] Backing up kubelet config file to ${backup}/config.yaml`);
  copyFileSync(`${KUBELET}/config.yaml`, `${backup}/config.yaml`);
  await passPoint('kubelet-config-backed-up');
  if (isSocketLocal && !existsSync(`${KUBELET}/instance-config.yaml`)) {
    const endpoint = takeFlag('container-runtime-endpoint');
    console.log(`[kubelet-start] Writing kubelet environment file with flags to file "${KUBELET}/kubeadm-flags.env"`);
    console.log(`[kubelet-start] Writing kubelet configuration to file "${KUBELET}/instance-config.yaml"`);
    writeFileSync(`${KUBELET}/instance-config.yaml`, instanceConfig(endpoint ?? ''), { mode: 0o644 });
  }
  await passPoint('kubelet-flags-written');
  const instance = isSocketLocal ? (parse(readFileSync(`${KUBELET}/instance-config.yaml`, 'utf8')) as Readonly<Record<string, unknown>>) : {};
  if (isSocketLocal) console.log('[patches] Applied patch of type "application/strategic-merge-patch+json" to target "kubeletconfiguration"');
  console.log(`[kubelet-start] Writing kubelet configuration to file "${KUBELET}/config.yaml"`);
  writeFileSync(`${KUBELET}/config.yaml`, formatKubeYaml({ ...config, ...instance }), { mode: 0o644 });
  await passPoint('kubelet-config-written');
  // The annotation stood for what instance-config.yaml now says.
  if (isSocketLocal) await client.call(`/api/v1/nodes/${NODE_NAME}`, { method: 'PATCH', contentType: 'application/merge-patch+json', body: { metadata: { annotations: { 'kubeadm.alpha.kubernetes.io/cri-socket': null } } } });
  console.log('[upgrade/kubelet-config] The kubelet configuration for this node was successfully upgraded!');
}

/** kubeadm 1.35, and no other, takes the flag that its kubelet no longer knows out of kubeadm-flags.env, and of no other file. */
export function removeOldKubeletFlags(kubeadmVersion: string): void {
  const path = `${KUBELET}/kubeadm-flags.env`;
  if (!releaseFacts(kubeadmVersion).removesPauseFlag || !existsSync(path)) return;
  const backup = temporaryFolder('kubeadm-kubelet-env');
  console.log(`[upgrade] Backing up kubelet env file to ${backup}/kubeadm-flags.env`);
  copyFileSync(path, `${backup}/kubeadm-flags.env`);
  takeFlag('pod-infra-container-image');
}

/** A folder of its own name under /etc/kubernetes/tmp. */
export function temporaryFolder(prefix: string): string {
  mkdirSync(TMP, { recursive: true, mode: 0o700 });
  return mkdtempSync(`${TMP}/${prefix}`);
}

/** A folder named after the time, in which a second one of the same second is the same. */
export function stampedFolder(prefix: string): string {
  const path = `${TMP}/${prefix}-${new Date().toISOString().slice(0, 19).replaceAll(/[T:]/g, '-')}`;
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}

/** Takes one flag out of KUBELET_KUBEADM_ARGS and returns its value; null where it is not there. */
function takeFlag(name: string): string | null {
  const path = `${KUBELET}/kubeadm-flags.env`;
  const args = (/KUBELET_KUBEADM_ARGS="(.*)"/.exec(readFileSync(path, 'utf8'))?.[1] ?? '').split(' ').filter(Boolean);
  const found = args.find((arg) => arg.startsWith(`--${name}=`));
  if (found !== undefined) writeFileSync(path, `KUBELET_KUBEADM_ARGS="${args.filter((arg) => arg !== found).join(' ')}"\n`, { mode: 0o644 });
  return found?.slice(name.length + 3) ?? null;
}
