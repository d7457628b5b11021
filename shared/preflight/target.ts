import type { DiskPath, HostFacts } from '../domain/host-facts.ts';
import type { NodeName } from '../domain/ids.ts';
import type { KubeVersion } from '../domain/kube-version.ts';

/** What is about to be done to a host. One step, one target. */
export type PreflightTarget = KubeadmTarget | KubeletTarget | K3sTarget;

interface TargetBase {
  readonly version: KubeVersion;
  readonly nowUnixMs: number;
  /** Null on the host, which knows only itself: rules about a whole cluster are then left to the coordinator. */
  readonly cluster: ClusterFacts | null;
}

/** `kubeadm upgrade apply` or `node`. */
export interface KubeadmTarget extends TargetBase {
  readonly kind: 'kubeadm';
  /** kubeadm also upgrades the etcd beside the API server. */
  readonly etcdUpgrade: boolean;
  /** What `kubeadm upgrade plan` said; null where it was not asked. */
  readonly configVersions: readonly ConfigVersion[] | null;
  /** What will be downloaded or kept, by where it goes. */
  readonly needBytes: Readonly<Partial<Record<DiskPath, number>>>;
}

/** A kubelet of this version is started. */
export interface KubeletTarget extends TargetBase {
  readonly kind: 'kubelet';
  /** The version that is installed before it is started; null where the present one stays. */
  readonly containerd: string | null;
  /** `kubeadm upgrade` to this version runs before it is started. */
  readonly afterKubeadm: boolean;
}

/** K3s of this version is started. */
export interface K3sTarget extends TargetBase {
  readonly kind: 'k3s';
  readonly needBytes: Readonly<Partial<Record<DiskPath, number>>>;
}

/** UpgradePlan.configVersions of output.kubeadm.k8s.io/v1alpha3. */
export interface ConfigVersion {
  readonly group: string;
  readonly currentVersion: string;
  readonly preferredVersion: string;
  readonly manualUpgradeRequired: boolean;
}

/** All nodes of the host's cluster, itself among them. */
export interface ClusterFacts {
  readonly name: string;
  readonly nodes: readonly { readonly name: NodeName; readonly facts: HostFacts | null }[];
  /** There is a proof of its datastore that is young enough (I8). */
  readonly datastoreProved: boolean;
}
