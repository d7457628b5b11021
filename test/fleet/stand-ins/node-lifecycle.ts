import { isDeepStrictEqual } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';

import type { ApiClient } from './api/api-client.ts';
import { kubeTime, type NodeObject } from './api/kube-object.ts';

/** nodeMonitorPeriod and nodeMonitorGracePeriod of kube-controller-manager from 1.32 on. */
const MONITOR_EVERY_MS = 5000;
const GRACE_MS = 50_000;

interface Taint {
  readonly key: string;
  readonly effect: string;
  readonly value?: string;
}

interface Lease {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly renewTime?: string };
}

/** When a lease was last seen to change, by this program's own clock: clocks of nodes are not compared. */
interface Seen {
  readonly renewTime: string;
  readonly atMs: number;
}

/**
 * The node lifecycle controller: a node whose lease is no longer renewed becomes Unknown, and its conditions and
 * `unschedulable` become taints (https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/). For ever.
 */
export async function runNodeLifecycle(client: ApiClient): Promise<never> {
  const seen = new Map<string, Seen>();
  for (;;) {
    await look(client, seen).catch(() => undefined);
    await sleep(MONITOR_EVERY_MS);
  }
}

async function look(client: ApiClient, seen: Map<string, Seen>): Promise<void> {
  const leases = (await client.call<{ readonly items: readonly Lease[] }>('/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases')).items;
  for (const { metadata: { name }, spec: { renewTime = '' } } of leases) {
    if (seen.get(name)?.renewTime !== renewTime) seen.set(name, { renewTime, atMs: performance.now() });
  }
  for (const node of (await client.call<{ readonly items: readonly NodeObject[] }>('/api/v1/nodes')).items) {
    const known = seen.get(node.metadata.name);
    if (known !== undefined && performance.now() - known.atMs > GRACE_MS) await markUnknown(client, node);
    await taint(client, node);
  }
}

async function markUnknown(client: ApiClient, { metadata: { name }, status }: NodeObject): Promise<void> {
  if (status.conditions?.every((condition) => condition.status === 'Unknown') === true) return;
  const conditions = (status.conditions ?? []).map((condition) => ({ ...condition, status: 'Unknown', reason: 'NodeStatusUnknown', message: 'Kubelet stopped posting node status.', lastTransitionTime: kubeTime(new Date()) }));
  await client.call(`/api/v1/nodes/${name}/status`, { method: 'PATCH', contentType: 'application/strategic-merge-patch+json', body: { status: { conditions } } });
}

/** Taints that people or Farrier set stay as they are. */
async function taint(client: ApiClient, { metadata: { name }, spec, status }: NodeObject): Promise<void> {
  const ready = status.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'Unknown';
  const wanted: readonly Taint[] = [
    ...(ready === 'True' ? [] : ['NoSchedule', 'NoExecute'].map((effect) => ({ key: `node.kubernetes.io/${ready === 'False' ? 'not-ready' : 'unreachable'}`, effect }))),
    ...(spec.unschedulable === true ? [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }] : []),
  ];
  const others = (spec.taints ?? []).filter(({ key }) => !/^node\.kubernetes\.io\/(not-ready|unreachable|unschedulable)$/.test(key));
  const next = [...others, ...wanted];
  if (isDeepStrictEqual(next, spec.taints ?? [])) return;
  await client.call(`/api/v1/nodes/${name}`, { method: 'PATCH', contentType: 'application/merge-patch+json', body: { spec: { taints: next.length === 0 ? null : next } } });
}
