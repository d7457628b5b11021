import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type KubeadmPlaces, manifestsFolder } from './kubeadm-places.ts';

/** Static pods that carry the version of Kubernetes; etcd has one of its own. */
export const VERSIONED_COMPONENTS = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const;

interface Pod {
  readonly spec?: { readonly containers?: readonly { readonly name?: string; readonly image?: string }[] };
}

/** @returns the tag of a component's image, '' where it has none, null where there is no such static pod. */
export async function imageTag(component: string, places: KubeadmPlaces): Promise<string | null> {
  const text = await readFile(join(manifestsFolder(places), `${component}.yaml`), 'utf8').catch(() => null);
  if (text === null) return null;
  const { parse } = await import('yaml');
  const containers = (parse(text) as Pod | null)?.spec?.containers ?? [];
  const image = (containers.find(({ name }) => name === component) ?? containers[0])?.image ?? '';
  return tagOf(image);
}

/** @returns '' where an image is named without one. */
export function tagOf(image: string): string {
  return /:([^:/@]+)(?:@[^@]*)?$/.exec(image)?.[1] ?? '';
}

/** @returns '' where every one of them is there at the version, else what is not. */
export async function manifestsNotAt(version: string, places: KubeadmPlaces): Promise<string> {
  for (const component of VERSIONED_COMPONENTS) {
    const tag = await imageTag(component, places);
    if (tag !== `v${version}`) return tag === null ? `there is no manifest of ${component}` : `the manifest of ${component} is at ${tag || 'no tag'}, not v${version}`;
  }
  return '';
}

/** As kubeadm itself tells: a node with a manifest of the API server is one of the control plane. */
export async function isControlPlane(places: KubeadmPlaces): Promise<boolean> {
  return (await imageTag('kube-apiserver', places)) !== null;
}
