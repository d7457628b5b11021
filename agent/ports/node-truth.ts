/**
 * What this node's own kubelet and API server say, asked with the kubelet's own credentials: neither a coordinator nor
 * an administrator's key is needed for it. Whoever does not answer is an answer too: nothing here rejects but by the signal.
 */
export interface NodeTruth {
  /** @returns '' where the kubelet is healthy, else what it says or why it cannot be asked. */
  kubelet(signal: AbortSignal): Promise<string>;
  /** This node as the cluster's API server has it. */
  node(signal: AbortSignal): Promise<NodeAnswer>;
  /** The API server that runs on this host. */
  apiServer(signal: AbortSignal): Promise<ApiServerAnswer>;
}

export type NodeAnswer = { readonly reached: true; readonly node: NodeLook } | { readonly reached: false; readonly why: string };

export interface NodeLook {
  readonly name: string;
  /** As Node.status.nodeInfo has it: `v1.34.2`. */
  readonly kubeletVersion: string;
  /** As Node.status.nodeInfo has it: `containerd://1.7.24`. */
  readonly runtimeVersion: string;
  readonly ready: boolean;
  /** Why it is not ready; may be empty. */
  readonly reason: string;
  /** The newest sign of life that the kubelet gave: a heartbeat of its Ready condition or its lease; by this host's wall clock. */
  readonly heartbeatUnixMs: number;
}

export type ApiServerAnswer =
  /** None runs here. */
  | { readonly kind: 'none' }
  /** `pods`: those of the control plane on this host. */
  | { readonly kind: 'ready'; readonly version: string; readonly pods: readonly StaticPodLook[] }
  | { readonly kind: 'unready'; readonly why: string };

export interface StaticPodLook {
  /** `kube-scheduler`. */
  readonly component: string;
  /** As its manifest names it. */
  readonly image: string;
  readonly ready: boolean;
  /** What its container waits for, as `ErrImagePull`; may be empty. */
  readonly why: string;
}
