import { hostname } from 'node:os';
import { parse } from 'yaml';

import type { ApiClient } from '../api/api-client.ts';
import type { KubeObject, NodeObject } from '../api/kube-object.ts';
import { formatKubeYaml } from './cluster-configuration.ts';
import { KubeadmError } from './kubeadm-error.ts';

export const SYSTEM = '/api/v1/namespaces/kube-system';
export const NODE_NAME = hostname().toLowerCase();

export interface ClusterFacts {
  readonly kubernetesVersion: string;
  /** The whole ClusterConfiguration, as it lies in the ConfigMap. */
  readonly configuration: Readonly<Record<string, unknown>>;
}

/** @throws KubeadmError where the ConfigMap kubeadm-config cannot be read */
export async function readCluster(client: ApiClient): Promise<ClusterFacts> {
  try {
    const text = await readConfigMap(client, 'kubeadm-config', 'ClusterConfiguration');
    const configuration = parse(text) as Readonly<Record<string, unknown>>;
    return { kubernetesVersion: String(configuration['kubernetesVersion']), configuration };
  } catch (error) {
    throw new KubeadmError(`failed to get config map: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export async function readConfigMap(client: ApiClient, name: string, key: string): Promise<string> {
  const map = await client.call<KubeObject>(`${SYSTEM}/configmaps/${name}`);
  return (map['data'] as Readonly<Record<string, string>>)[key] ?? '';
}

export async function writeVersion(client: ApiClient, { configuration }: ClusterFacts, version: string): Promise<void> {
  const data = { ClusterConfiguration: formatKubeYaml({ ...configuration, kubernetesVersion: version }) };
  await client.call(`${SYSTEM}/configmaps/kubeadm-config`, { method: 'PATCH', contentType: 'application/merge-patch+json', body: { data } });
}

export async function listNodes(client: ApiClient): Promise<readonly NodeObject[]> {
  return (await client.call<{ readonly items: readonly NodeObject[] }>('/api/v1/nodes')).items;
}

export interface ComponentPod {
  readonly node: string;
  readonly image: string;
  readonly hash: string;
  readonly isRunning: boolean;
}

/** The mirror pods of one component on every control plane. */
export async function componentPods(client: ApiClient, component: string): Promise<readonly ComponentPod[]> {
  const { items } = await client.call<{ readonly items: readonly KubeObject[] }>(`${SYSTEM}/pods?labelSelector=component%3D${component}`);
  return items.map((pod) => {
    const spec = pod['spec'] as { readonly nodeName?: string; readonly containers: readonly { readonly image: string }[] };
    return { node: spec.nodeName ?? '', image: spec.containers[0]?.image ?? '', hash: pod.metadata.annotations?.['kubernetes.io/config.hash'] ?? '', isRunning: (pod['status'] as { phase?: string } | undefined)?.phase === 'Running' };
  });
}
