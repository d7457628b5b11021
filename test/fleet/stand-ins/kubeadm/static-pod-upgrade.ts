import { cpSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';

import type { ApiClient } from '../api/api-client.ts';
import { isThere, MANAGED, renew } from './certificate-inventory.ts';
import { componentPods, NODE_NAME } from './cluster-reader.ts';
import { KubeadmError } from './kubeadm-error.ts';
import { stampedFolder, temporaryFolder } from './kubelet-config-phase.ts';
import { releaseFacts } from './release-facts.ts';
import { CONTROL_PLANE_COMPONENTS, MANIFESTS, staticPodManifest, type Component } from './static-pod-manifests.ts';

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

/** The folders of one upgrade, and what was moved into the backup so far. */
interface Moving {
  readonly fresh: string;
  readonly backup: string;
  readonly touched: Set<Component>;
}

const POLL_MS = 500;

/**
 * Upgrades the static pods of this control plane one by one, etcd first; the order and the way back are those of
 * StaticPodControlPlane (kubernetes/kubernetes, cmd/kubeadm/app/phases/upgrade/staticpods.go). The backups stay.
 * @throws KubeadmError after it put every manifest back that it had touched
 */
export async function upgradeStaticPods(upgrade: ControlPlaneUpgrade): Promise<void> {
  const { version, etcdUpgrade, certificateRenewal } = upgrade;
  const moving: Moving = { fresh: temporaryFolder('kubeadm-upgraded-manifests'), backup: stampedFolder('kubeadm-backup-manifests'), touched: new Set() };
  const etcdBackup = stampedFolder('kubeadm-backup-etcd');
  const hasEtcd = existsSync(`${MANIFESTS}/etcd.yaml`);
  console.log(`[upgrade/staticpods] Writing new Static Pod manifests to "${moving.fresh}"`);
  for (const component of [...(hasEtcd ? ['etcd' as const] : []), ...CONTROL_PLANE_COMPONENTS]) {
    writeFileSync(`${moving.fresh}/${component}.yaml`, upgradedManifest(component, read(component), version), { mode: 0o600 });
  }
  if (hasEtcd && etcdUpgrade) {
    cpSync('/var/lib/etcd', etcdBackup, { recursive: true });
    if (isNewerEtcd(version)) console.log(`[upgrade/etcd] Non fatal issue encountered during upgrade: the desired etcd version "${releaseFacts(version).etcd}" is older than the currently installed "${etcdTag()}". Skipping etcd upgrade`);
    else await upgradeOne(upgrade, 'etcd', moving);
  }
  for (const component of CONTROL_PLANE_COMPONENTS) await upgradeOne(upgrade, component, moving);
  if (certificateRenewal) for (const one of MANAGED.filter(({ name }) => name === 'admin.conf' || name === 'super-admin.conf')) if (isThere(one)) await renew(one);
  rmSync(moving.fresh, { recursive: true });
  if (!etcdUpgrade) rmSync(etcdBackup, { recursive: true });
}

async function upgradeOne(upgrade: ControlPlaneUpgrade, component: Component, moving: Moving): Promise<void> {
  const { client, upgradeManifestsMs, certificateRenewal, passPoint } = upgrade;
  const { fresh, backup, touched } = moving;
  const real = `${MANIFESTS}/${component}.yaml`;
  const before = await waitForHash(client, component, () => true, upgradeManifestsMs);
  console.log(`[upgrade/staticpods] Preparing for "${component}" upgrade`);
  const isEqual = isSame(component, fresh);
  // etcd restarts with the API server, so that it takes the renewed certificates.
  if (isEqual && !(component === 'etcd' && !isSame('kube-apiserver', fresh))) {
    console.log(`[upgrade/staticpods] Current and new manifests of ${component} are equal, skipping upgrade`);
    return;
  }
  try {
    if (certificateRenewal) await renewFor(component);
    await passPoint(`${component}-certificates-renewed`);
    console.log(isEqual && certificateRenewal
      ? `[upgrade/staticpods] Restarting the ${component} static pod and backing up its manifest to "${backup}/${component}.yaml"`
      : `[upgrade/staticpods] Moving new manifest to "${real}" and backing up old manifest to "${backup}/${component}.yaml"`);
    touched.add(component);
    renameSync(real, `${backup}/${component}.yaml`);
    await passPoint(`${component}-manifest-away`);
    renameSync(`${fresh}/${component}.yaml`, real);
    await passPoint(`${component}-manifest-moved`);
    console.log('[upgrade/staticpods] Waiting for the kubelet to restart the component');
    console.log(`[upgrade/staticpods] This can take up to ${formatMs(upgradeManifestsMs)}`);
    await waitForHash(client, component, (hash) => isEqual || hash !== before, upgradeManifestsMs);
    console.log(`[apiclient] Found ${(await componentPods(client, component)).length} Pods for label selector component=${component}`);
    console.log(`[upgrade/staticpods] Component "${component}" upgraded successfully!`);
  } catch (error) {
    throw rollBack(moving, component === 'etcd', error);
  }
  if (component === 'etcd') console.log('[upgrade/etcd] Waiting for etcd to become available');
  await passPoint(`${component}-upgraded`);
}

async function renewFor(component: Component): Promise<void> {
  for (const one of MANAGED.filter((each) => each.renewedWith === component && isThere(each))) {
    console.log(`[upgrade/staticpods] Renewing ${one.name} certificate`);
    if (!(await renew(one))) console.log(`[upgrade/staticpods] External CA detected, ${one.name} certificate can't be renewed`);
  }
}

/** Every manifest touched so far goes back; etcd's only when etcd itself failed. */
function rollBack({ backup, touched }: Moving, withEtcd: boolean, cause: unknown): KubeadmError {
  for (const component of touched) {
    if ((component !== 'etcd' || withEtcd) && existsSync(`${backup}/${component}.yaml`)) renameSync(`${backup}/${component}.yaml`, `${MANIFESTS}/${component}.yaml`);
  }
  const why = cause instanceof Error ? cause.message : String(cause);
  return new KubeadmError(`couldn't upgrade control plane. kubeadm has tried to recover everything into the earlier state. Errors faced: ${why}`);
}

/** The manifest that this kubeadm would write: as it is now, with the images and flags of the version. */
function upgradedManifest(component: Component, current: string, version: string): string {
  const command = (parse(current) as Manifest).spec.containers[0]?.command ?? [];
  const flag = (name: string): string => command.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3) ?? '';
  const address = component === 'kube-apiserver' ? flag('advertise-address') : flag('advertise-client-urls').replace(/^https:\/\/(.*):2379$/, '$1');
  // Only itself: what bootstraps a member counts no more once it has data.
  const etcd = { initialCluster: `${NODE_NAME}=https://${address}:2380`, state: 'new' } as const;
  return staticPodManifest(component, { version, node: { name: NODE_NAME, address }, etcd });
}

function isSame(component: Component, fresh: string): boolean {
  return readFileSync(`${fresh}/${component}.yaml`, 'utf8') === read(component);
}

function read(component: Component): string {
  return readFileSync(`${MANIFESTS}/${component}.yaml`, 'utf8');
}

function etcdTag(): string {
  return (parse(read('etcd')) as Manifest).spec.containers[0]?.image.split(':')[1] ?? '';
}

function isNewerEtcd(version: string): boolean {
  return etcdTag().localeCompare(releaseFacts(version).etcd, 'en', { numeric: true }) > 0;
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
