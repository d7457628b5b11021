import type { NodeAnnotations } from '../../ports/node-annotations.ts';
import { askApi, getJson, wordsOf } from './ask-api.ts';
import { readNodeAccess } from './kubeconfig.ts';

/**
 * A node may patch itself, its labels and taints apart (NodeRestriction).
 *
 * @param kubeconfig the kubelet's own: /etc/kubernetes/kubelet.conf.
 */
export function nodeAnnotations(kubeconfig: string): NodeAnnotations {
  return {
    read: async (key, signal) => {
      try {
        const { access, name } = await readNodeAccess(kubeconfig);
        const { metadata } = (await getJson(access, pathOf(name), signal)) as { readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> } };
        return { reached: true, value: metadata?.annotations?.[key] ?? null };
      } catch (cause) {
        signal.throwIfAborted();
        return { reached: false, why: wordsOf(cause) };
      }
    },
    write: async (key, value, signal) => {
      try {
        const { access, name } = await readNodeAccess(kubeconfig);
        const body = JSON.stringify({ metadata: { annotations: { [key]: value } } });
        const { status } = await askApi(access, new URL(pathOf(name), access.server), signal, { method: 'PATCH', contentType: 'application/merge-patch+json', body });
        return status === 200 ? '' : `a patch of ${pathOf(name)} says ${status}`;
      } catch (cause) {
        signal.throwIfAborted();
        return wordsOf(cause);
      }
    },
  };
}

function pathOf(node: string): string {
  return `/api/v1/nodes/${encodeURIComponent(node)}`;
}
