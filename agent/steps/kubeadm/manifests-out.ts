import { access, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { syncFolder } from '../../../shared/files/write-durably.ts';
import { type StaticPod, STATIC_PODS } from './certificates.ts';
import { type KubeadmPlaces, manifestsFolder } from './kubeadm-places.ts';

/** With a dot in front it is no static pod for the kubelet; in the same folder, so that moving it is one rename. */
const SUFFIX = '.farrier-out';

/** The kubelet ends the pod, and does not start it again before the manifest is back, whatever happens to the host. Idempotent; durable. @returns false where there is none */
export async function takeManifestOut(pod: StaticPod, places: KubeadmPlaces): Promise<boolean> {
  const folder = manifestsFolder(places);
  if (!(await hasManifest(pod, places))) return isManifestOut(pod, places);
  await rename(join(folder, `${pod}.yaml`), outOf(folder, pod));
  await syncFolder(folder);
  return true;
}

/** Idempotent; what came in its place meanwhile stays. */
export async function returnManifests(places: KubeadmPlaces, pods: readonly StaticPod[] = STATIC_PODS): Promise<void> {
  const folder = manifestsFolder(places);
  const names = await readdir(folder).catch((): string[] => []);
  for (const pod of pods) {
    if (!names.includes(`.${pod}.yaml${SUFFIX}`)) continue;
    if (names.includes(`${pod}.yaml`)) await rm(outOf(folder, pod));
    else await rename(outOf(folder, pod), join(folder, `${pod}.yaml`));
  }
  if (names.length > 0) await syncFolder(folder);
}

export function hasManifest(pod: StaticPod, places: KubeadmPlaces): Promise<boolean> {
  return exists(join(manifestsFolder(places), `${pod}.yaml`));
}

export function isManifestOut(pod: StaticPod, places: KubeadmPlaces): Promise<boolean> {
  return exists(outOf(manifestsFolder(places), pod));
}

function outOf(folder: string, pod: StaticPod): string {
  return join(folder, `.${pod}.yaml${SUFFIX}`);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(() => true, () => false);
}
