import { readFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';

import type { ApiServerAnswer, NodeAnswer, NodeLook, NodeTruth, StaticPodLook } from '../../ports/node-truth.ts';
import { askApi, getJson, wordsOf } from './ask-api.ts';
import { type KubeAccess, readNodeAccess } from './kubeconfig.ts';

export interface KubeletPlaces {
  /** The kubelet's own: /etc/kubernetes/kubelet.conf. */
  readonly kubeconfig: string;
  /** Its configuration: /var/lib/kubelet/config.yaml. */
  readonly config: string;
  /** Folder of static pods: /etc/kubernetes/manifests. */
  readonly manifests: string;
}

const HEALTHZ_MAX_MS = 5000;
const REASON_MAX = 200;

/** Asks by node:http and node:https alone. */
export function kubeletTruth(places: KubeletPlaces): NodeTruth {
  return {
    kubelet: (signal) => orWhy(signal, () => healthz(places.config, signal)),
    node: (signal) => orUnreached(signal, () => readNode(places.kubeconfig, signal)),
    apiServer: async (signal) => {
      const manifest = await readFile(join(places.manifests, 'kube-apiserver.yaml'), 'utf8').catch(() => null);
      if (manifest === null) return { kind: 'none' };
      return readApiServer(manifest, places.kubeconfig, signal);
    },
  };
}

/** Where its configuration says, else where it listens by default; 0 switches it off, and then nothing is asked. */
async function healthz(config: string, signal: AbortSignal): Promise<string> {
  const { parse } = await import('yaml');
  const written = parse(await readFile(config, 'utf8')) as { readonly healthzPort?: number; readonly healthzBindAddress?: string } | null;
  const port = written?.healthzPort ?? 10248;
  const bound = written?.healthzBindAddress ?? '127.0.0.1';
  if (port === 0) return '';
  const host = bound === '0.0.0.0' || bound === '::' ? '127.0.0.1' : bound;
  return new Promise((resolve, reject) => {
    const call = get({ host, port, path: '/healthz', agent: false, signal: AbortSignal.any([signal, AbortSignal.timeout(HEALTHZ_MAX_MS)]) }, (response) => {
      response.resume();
      response.once('error', reject);
      response.once('end', () => resolve(response.statusCode === 200 ? '' : `its /healthz says ${response.statusCode}`));
    });
    call.once('error', reject);
  });
}

interface NodeObject {
  readonly status?: {
    readonly nodeInfo?: { readonly kubeletVersion?: string; readonly containerRuntimeVersion?: string };
    readonly conditions?: readonly { readonly type?: string; readonly status?: string; readonly reason?: string; readonly lastHeartbeatTime?: string }[];
  };
}

/** A node may read itself and its own lease, and hardly anything else (Node authorizer). */
async function readNode(kubeconfig: string, signal: AbortSignal): Promise<NodeLook> {
  const { access, name } = await readNodeAccess(kubeconfig);
  const path = encodeURIComponent(name);
  const { status } = (await getJson(access, `/api/v1/nodes/${path}`, signal)) as NodeObject;
  const lease = (await getJson(access, `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${path}`, signal)) as { readonly spec?: { readonly renewTime?: string } };
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  return {
    name,
    kubeletVersion: status?.nodeInfo?.kubeletVersion ?? '',
    runtimeVersion: status?.nodeInfo?.containerRuntimeVersion ?? '',
    ready: ready?.status === 'True',
    reason: (ready?.reason ?? '').slice(0, REASON_MAX),
    heartbeatUnixMs: Math.max(unixMs(ready?.lastHeartbeatTime), unixMs(lease.spec?.renewTime)),
  };
}

async function readApiServer(manifest: string, kubeconfig: string, signal: AbortSignal): Promise<ApiServerAnswer> {
  const listens = (flag: string): string | undefined => new RegExp(`--${flag}=([^\\s"']+)`).exec(manifest)?.[1];
  const address = listens('advertise-address') ?? '127.0.0.1';
  const base = `https://${address.includes(':') ? `[${address}]` : address}:${listens('secure-port') ?? '6443'}`;
  try {
    const { access: own, name } = await readNodeAccess(kubeconfig);
    const access = { ...own, server: base };
    const ready = await askApi(access, new URL('/readyz', base), signal);
    if (ready.status !== 200) return { kind: 'unready', why: `its /readyz says ${ready.status}` };
    const { gitVersion = '' } = (await getJson(access, '/version', signal)) as { readonly gitVersion?: string };
    return { kind: 'ready', version: gitVersion, pods: await readStaticPods(access, name, signal) };
  } catch (cause) {
    signal.throwIfAborted();
    return { kind: 'unready', why: wordsOf(cause) };
  }
}

interface PodObject {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: { readonly containers?: readonly { readonly image?: string }[] };
  readonly status?: {
    readonly conditions?: readonly { readonly type?: string; readonly status?: string }[];
    readonly containerStatuses?: readonly { readonly state?: { readonly waiting?: { readonly reason?: string }; readonly terminated?: { readonly reason?: string } } }[];
  };
}

/** A node may list the pods that are bound to it, and no others (Node authorizer). */
async function readStaticPods(access: KubeAccess, node: string, signal: AbortSignal): Promise<readonly StaticPodLook[]> {
  const query = new URLSearchParams({ fieldSelector: `spec.nodeName=${node}`, labelSelector: 'tier=control-plane' });
  const { items = [] } = (await getJson(access, `/api/v1/namespaces/kube-system/pods?${query.toString()}`, signal)) as { readonly items?: readonly PodObject[] };
  return items.map(({ metadata, spec, status }) => {
    const state = status?.containerStatuses?.[0]?.state;
    return {
      component: metadata?.labels?.['component'] ?? '',
      image: spec?.containers?.[0]?.image ?? '',
      ready: status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true,
      why: (state?.waiting?.reason ?? state?.terminated?.reason ?? '').slice(0, REASON_MAX),
    };
  });
}

function unixMs(time: string | undefined): number {
  const ms = Date.parse(time ?? '');
  return Number.isNaN(ms) ? 0 : ms;
}

async function orUnreached(signal: AbortSignal, ask: () => Promise<NodeLook>): Promise<NodeAnswer> {
  try {
    return { reached: true, node: await ask() };
  } catch (cause) {
    signal.throwIfAborted();
    return { reached: false, why: wordsOf(cause) };
  }
}

async function orWhy(signal: AbortSignal, ask: () => Promise<string>): Promise<string> {
  try {
    return await ask();
  } catch (cause) {
    signal.throwIfAborted();
    return wordsOf(cause);
  }
}
