import type { DiskPath, HostFacts } from '../domain/host-facts.ts';
import type { NodeName } from '../domain/ids.ts';
import type { KubeVersion } from '../domain/kube-version.ts';

/** What is about to be done to a host. One step, one target. */
export type PreflightTarget = KubeadmTarget | KubeletTarget | K3sTarget;

interface TargetBase {
  readonly version: KubeVersion;
  /** What a step of the same kind before it will have brought; null where it starts from what the host runs now. */
  readonly from: KubeVersion | null;
  readonly nowUnixMs: number;
  /** Null on the host, which knows only itself: rules about a whole cluster are then left to the coordinator. */
  readonly cluster: ClusterFacts | null;
}

/** `kubeadm upgrade apply` or `node`. */
export interface KubeadmTarget extends TargetBase {
  readonly kind: 'kubeadm';
  /** The plan has the host as one, whatever the host says. */
  readonly controlPlane: boolean;
  /** kubeadm also upgrades the etcd beside the API server. */
  readonly etcdUpgrade: boolean;
  /** Checks of kubeadm's own whose failure is a warning only; their names know no case. */
  readonly ignorePreflightErrors: readonly string[];
  /** What will be downloaded or kept, by where it goes. */
  readonly needBytes: Readonly<Partial<Record<DiskPath, number>>>;
}

/** A kubelet of this version is started. */
export interface KubeletTarget extends TargetBase {
  readonly kind: 'kubelet';
  /** Versions of the packages that are installed before it is started. */
  readonly installs: Readonly<Record<string, string>>;
  /** `kubeadm upgrade` to this version runs before it is started. */
  readonly afterKubeadm: boolean;
}

/** K3s of this version is started. */
export interface K3sTarget extends TargetBase {
  readonly kind: 'k3s';
  /** The plan has the host as a server, whatever the host says. */
  readonly controlPlane: boolean;
  readonly needBytes: Readonly<Partial<Record<DiskPath, number>>>;
}

/** All nodes of the host's cluster, itself among them. */
export interface ClusterFacts {
  readonly name: string;
  readonly nodes: readonly { readonly name: NodeName; readonly facts: HostFacts | null }[];
  /** There is a proof of its datastore that is young enough (I8). */
  readonly datastoreProved: boolean;
  /** Why no proof of it can be made; '' where a rollout makes one first. */
  readonly proofObstacle: string;
}
