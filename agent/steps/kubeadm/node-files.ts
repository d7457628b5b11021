import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import type { KubeadmRole } from '../../../shared/domain/steps/kubeadm-spec.ts';
import { type KubeadmPlaces, kubeletFiles, manifestsFolder, scratchFolder } from './kubeadm-places.ts';
import { copyPaths, isAsCopied, isUntouched, type PathCopy, pathsBelow, restorePaths, syncPaths, tornOf } from '../files/path-copies.ts';

/** What `kubeadm upgrade` can change on a node, as it was found. */
export interface NodeFiles {
  readonly copies: readonly PathCopy[];
  /** Names in kubeadm's scratch folder; null: there was none. Their contents are not kept: they are copies themselves. */
  readonly scratch: readonly string[] | null;
}

/** A worker's certificates and credentials are left alone by kubeadm, and so by us: it may get new ones before a rollback. */
export async function copyNodeFiles(role: KubeadmRole, places: KubeadmPlaces, folder: string): Promise<NodeFiles> {
  const paths = role === 'worker' ? [] : await ownedByControlPlane(places);
  return { copies: await copyPaths([...paths, ...kubeletFiles(places)], folder), scratch: await namesIn(scratchFolder(places)) };
}

/** Idempotent. @returns paths that could not be brought back. */
export async function restoreNodeFiles(role: KubeadmRole, files: NodeFiles, places: KubeadmPlaces, folder: string): Promise<readonly string[]> {
  const lost = await restorePaths(files.copies, folder);
  if (role !== 'worker') for (const path of await addedTo(files, places)) await rm(path, { recursive: true, force: true });
  await removeScratch(files, places);
  return lost;
}

/**
 * For another run of kubeadm after one that was cut off. Manifests that are away lie where they were again; those that are
 * there stay, old or new. What the power cut left empty is as it was, and so is all that is the kubelet's, which each run
 * writes anew: kubeadm takes an instance-config.yaml for written because it is there. @returns paths that could not be brought back.
 */
export async function returnForAnother({ copies }: NodeFiles, places: KubeadmPlaces, folder: string): Promise<readonly string[]> {
  const there = (await namesIn(manifestsFolder(places))) ?? [];
  const away = copies.filter(({ path, kind }) => kind === 'file' && dirname(path) === manifestsFolder(places) && !there.includes(basename(path)));
  const ofKubelet = copies.filter(({ path }) => kubeletFiles(places).includes(path));
  return restorePaths([...new Set([...away, ...(await tornOf(copies)), ...ofKubelet])], folder);
}

/** kubeadm syncs nothing of what it writes. */
export async function syncNodeFiles(role: KubeadmRole, places: KubeadmPlaces): Promise<void> {
  await syncPaths([...(role === 'worker' ? [] : await ownedByControlPlane(places)), ...kubeletFiles(places)]);
}

/** All as it was found, by content, mode and owner, with nothing of kubeadm's beside it. */
export async function firstDifference(role: KubeadmRole, files: NodeFiles, places: KubeadmPlaces): Promise<string | null> {
  for (const copy of files.copies) if (!(await isAsCopied(copy))) return copy.path;
  if (role !== 'worker') for (const path of await addedTo(files, places)) return path;
  return null;
}

/**
 * kubeadm moves the old manifest into its scratch folder and the new one in, and on failure the old one back. Even then what
 * the new one ran may have written: a manifest that was moved at all, or a copy that lies there, says that it happened.
 */
export async function manifestsTouched(files: NodeFiles, places: KubeadmPlaces): Promise<boolean> {
  const folder = manifestsFolder(places);
  const manifests = files.copies.filter(({ path }) => dirname(path) === folder);
  for (const copy of manifests) if (!(await isUntouched(copy))) return true;
  const known = new Set(manifests.map(({ path }) => basename(path)));
  // A name with a dot in front is no static pod.
  if ((await namesIn(folder) ?? []).some((name) => !name.startsWith('.') && !known.has(name))) return true;
  for (const name of newScratch(files, await namesIn(scratchFolder(places)))) {
    if (name.startsWith('kubeadm-backup-manifests') && ((await namesIn(join(scratchFolder(places), name))) ?? []).length > 0) return true;
  }
  return false;
}

/** Manifests, certificates and the kubeconfigs beside them; an upgrade of a control plane renews the latter two. */
async function ownedByControlPlane(places: KubeadmPlaces): Promise<readonly string[]> {
  const confs = ((await namesIn(places.kubernetes)) ?? []).filter((name) => name.endsWith('.conf')).map((name) => join(places.kubernetes, name));
  return [...confs.toSorted(), ...(await pathsBelow(manifestsFolder(places))), ...(await pathsBelow(join(places.kubernetes, 'pki')))];
}

async function addedTo({ copies }: NodeFiles, places: KubeadmPlaces): Promise<readonly string[]> {
  const known = new Set(copies.map(({ path }) => path));
  return (await ownedByControlPlane(places)).filter((path) => !known.has(path));
}

async function removeScratch(files: NodeFiles, places: KubeadmPlaces): Promise<void> {
  const folder = scratchFolder(places);
  for (const name of newScratch(files, await namesIn(folder))) await rm(join(folder, name), { recursive: true, force: true });
  if (files.scratch === null && (await namesIn(folder))?.length === 0) await rm(folder, { recursive: true });
}

function newScratch({ scratch }: NodeFiles, now: readonly string[] | null): readonly string[] {
  return (now ?? []).filter((name) => name.startsWith('kubeadm-') && !(scratch ?? []).includes(name));
}

function namesIn(folder: string): Promise<readonly string[] | null> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}
