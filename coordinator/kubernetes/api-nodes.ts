import type { V1Node } from '@kubernetes/client-node';

import type { ClusterView } from '../core/world.ts';
import type { ClusterNodes } from '../ports/cluster-nodes.ts';

/** Reads nodes from the API server that a kubeconfig names. The client library loads only where a kubeconfig is set. */
export async function openApiNodes(kubeconfig: string): Promise<ClusterNodes> {
  const { CoreV1Api, KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const api = config.makeApiClient(CoreV1Api);
  return {
    read: async () => {
      const { items } = await api.listNode();
      return new Map(items.map((node) => [node.metadata?.name ?? '', clusterView(node)]));
    },
  };
}

/** A node without a Ready condition has not reported: it is not ready. */
function clusterView(node: V1Node): ClusterView {
  const ready = node.status?.conditions?.find((condition) => condition.type === 'Ready');
  return { ready: ready?.status === 'True', unschedulable: node.spec?.unschedulable === true };
}
