import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';

import type { ApiClient } from '../api/api-client.ts';
import { isThere, MANAGED, renew } from './certificate-inventory.ts';
import { componentPods, NODE_NAME } from './cluster-reader.ts';
import { KubeadmError } from './kubeadm-error.ts';
import { temporaryFolder, TMP } from './kubelet-config-phase.ts';
import { CONTROL_PLANE_COMPONENTS, etcdImageTag, MANIFESTS, staticPodManifest, type Component } from './static-pod-manifests.ts';

export interface ControlPlaneUpgrade {
  readonly client: ApiClient;
  readonly version: string;
  readonly etcdUpgrade: boolean;
  readonly certificateRenewal: boolean;
  readonly upgradeManifestsMs: number;
  readonly passPoint: (at: string) => Promise<void>;
}

interface Manifest {
  readonly spec: { readonly containers: readonly { readonly image: string; readonly command: readonly string[] }[] };
}

const POLL_MS = 500;

/**
 * Upgrades the static pods of this control plane one by one, etcd first; the order and the way back are those of
 * StaticPodControlPlane (kubernetes/kubernetes, cmd/kubeadm/app/phases/upgrade/staticpods.go).
 * @throws KubeadmError after it put every manifest back that it had touched
 */
export async function upgradeStaticPods(upgrade: ControlPlaneUpgrade): Promise<void> {
  const { version, etcdUpgrade } = upgrade;
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(/[T:]/g, '-');
  const fresh = temporaryFolder('kubeadm-upgraded-manifests');
  const backup = `${TMP}/kubeadm-backup-manifests-${stamp}`;
  const etcdBackup = `${TMP}/kubeadm-backup-etcd-${stamp}`;
  for (const folder of [backup, etcdBackup]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  console.log(`[upgrade/staticpods] Writing new Static Pod manifests to "${fresh}"`);
  const touched = new Map<Component, string>();
  const components: readonly Component[] = [...(etcdUpgrade && existsSync(`${MANIFESTS}/etcd.yaml`) ? ['etcd' as const] : []), ...CONTROL_PLANE_COMPONENTS];
  for (const component of components) {
    console.log(`[upgrade/staticpods] Preparing for "${component}" upgrade`);
    if (component === 'etcd') {
      if (!isOlderEtcd(version)) continue;
      cpSync('/var/lib/etcd', etcdBackup, { recursive: true });
    }
    await upgradeOne(upgrade, component, fresh, backup, touched);
  }
  for (const folder of [fresh, backup, etcdBackup]) rmSync(folder, { recursive: true, force: true });
}

async function upgradeOne(upgrade: ControlPlaneUpgrade, component: Component, fresh: string, backup: string, touched: Map<Component, string>): Promise<void> {
  const { client, version, certificateRenewal, upgradeManifestsMs, passPoint } = upgrade;
  const real = `${MANIFESTS}/${component}.yaml`;
  const before = await waitForHash(client, component, () => true, upgradeManifestsMs);
  if (certificateRenewal) {
    for (const one of MANAGED.filter((each) => each.renewedWith === component && isThere(each))) {
      console.log(`[upgrade/staticpods] Renewing ${one.name} certificate`);
      await renew(one);
    }
  }
  await passPoint(`${component}-certificates-renewed`);
  const next = upgradedManifest(component, readFileSync(real, 'utf8'), version);
  writeFileSync(`${fresh}/${component}.yaml`, next, { mode: 0o600 });
  if (next === readFileSync(real, 'utf8')) {
    console.log(`[upgrade/staticpods] Current and new manifests of ${component} are equal, skipping upgrade`);
    return;
  }
  touched.set(component, `${backup}/${component}.yaml`);
  try {
    console.log(`[upgrade/staticpods] Moving new manifest to "${real}" and backing up old manifest to "${backup}/${component}.yaml"`);
    renameSync(real, `${backup}/${component}.yaml`);
    await passPoint(`${component}-manifest-away`);
    renameSync(`${fresh}/${component}.yaml`, real);
    await passPoint(`${component}-manifest-moved`);
    console.log('[upgrade/staticpods] Waiting for the kubelet to restart the component');
    console.log(`[upgrade/staticpods] This can take up to ${formatMs(upgradeManifestsMs)}`);
    await waitForHash(client, component, (hash) => hash !== before, upgradeManifestsMs);
    console.log(`[apiclient] Found ${(await componentPods(client, component)).length} Pods for label selector component=${component}`);
    console.log(`[upgrade/staticpods] Component "${component}" upgraded successfully!`);
  } catch (error) {
    throw rollBack(touched, component === 'etcd', error);
  }
  if (component === 'etcd') console.log('[upgrade/etcd] Waiting for etcd to become available');
  await passPoint(`${component}-upgraded`);
}

/** Every manifest touched so far goes back; etcd's only when etcd itself failed. */
function rollBack(touched: ReadonlyMap<Component, string>, withEtcd: boolean, cause: unknown): KubeadmError {
  for (const [component, backup] of touched) {
    if (component === 'etcd' && !withEtcd) continue;
    if (existsSync(backup)) renameSync(backup, `${MANIFESTS}/${component}.yaml`);
  }
  const why = cause instanceof Error ? cause.message : String(cause);
  return new KubeadmError(`couldn't upgrade control plane. kubeadm has tried to recover everything into the earlier state. Errors faced: ${why}`);
}

/** The manifest that this kubeadm would write: as it is now, with the images and flags of the version. */
function upgradedManifest(component: Component, current: string, version: string): string {
  const command = (parse(current) as Manifest).spec.containers[0]?.command ?? [];
  const flag = (name: string): string => command.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3) ?? '';
  const address = component === 'kube-apiserver' ? flag('advertise-address') : flag('advertise-client-urls').replace(/^https:\/\/(.*):2379$/, '$1');
  const etcd = { initialCluster: flag('initial-cluster'), state: flag('initial-cluster-state') === 'existing' ? 'existing' : 'new' } as const;
  return staticPodManifest(component, { version, node: { name: NODE_NAME, address }, etcd });
}

function isOlderEtcd(version: string): boolean {
  const running = (parse(readFileSync(`${MANIFESTS}/etcd.yaml`, 'utf8')) as Manifest).spec.containers[0]?.image.split(':')[1] ?? '';
  return running.localeCompare(etcdImageTag(version), 'en', { numeric: true }) < 0;
}

/** The API is away while its own component restarts, so what it answers with does not count. */
async function waitForHash(client: ApiClient, component: Component, isWanted: (hash: string) => boolean, maxMs: number): Promise<string> {
  const deadline = performance.now() + maxMs;
  for (;;) {
    const pod = await componentPods(client, component).then((pods) => pods.find(({ node }) => node === NODE_NAME), () => undefined);
    if (pod !== undefined && isWanted(pod.hash) && pod.isRunning) return pod.hash;
    if (performance.now() > deadline) throw new Error(`static Pod hash for component ${component} on Node ${NODE_NAME} did not change after ${formatMs(maxMs)}: timed out waiting for the condition`);
    await sleep(POLL_MS);
  }
}

function formatMs(ms: number): string {
  return `${ms >= 60_000 ? `${Math.floor(ms / 60_000)}m` : ''}${Math.floor(ms / 1000) % 60}s`;
}
