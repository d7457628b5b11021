import type { StepBase } from '../step-base.ts';

/** `first-control-plane`: the one that `kubeadm upgrade apply` runs on; every other node has `kubeadm upgrade node`. */
export type KubeadmRole = 'first-control-plane' | 'control-plane' | 'worker';

/** Brings what kubeadm owns on this node to a version: static pods, certificates, the kubelet's configuration. */
export interface KubeadmSpec extends StepBase {
  readonly kind: 'kubeadm';
  readonly role: KubeadmRole;
  /** Exact, without the `v`; kubeadm itself is there in this version. */
  readonly version: string;
  readonly etcdUpgrade: boolean;
  readonly certificateRenewal: boolean;
  readonly imagePullPolicy: ImagePullPolicy;
  /** Folder of kubeadm patches on the host; empty: none. */
  readonly patches: string;
  /** Checks of kubeadm's own whose failure is a warning only, as SystemVerification on cgroup v1 from 1.35 on. */
  readonly ignorePreflightErrors: readonly string[];
  readonly timeouts: KubeadmTimeouts;
}

/** As Kubernetes names them. */
export type ImagePullPolicy = 'Always' | 'IfNotPresent' | 'Never';

/** Of UpgradeConfiguration, kubeadm.k8s.io/v1beta4. 0: kubeadm's own default. */
export interface KubeadmTimeouts {
  readonly upgradeManifestsMs: number;
  readonly etcdApiCallMs: number;
  readonly kubernetesApiCallMs: number;
  readonly controlPlaneHealthCheckMs: number;
  readonly kubeletHealthCheckMs: number;
}

/**
 * `restart`: apply restarts the kubelet, and verify proves by what it and the API server say that it runs as `version`.
 * `guard`: apply changes nothing; revert, which runs after every later step was reverted, restarts and proves it as it was.
 */
export interface KubeletSpec extends StepBase, KubeletLooks {
  readonly kind: 'kubelet';
  /** Exact, without the `v`. */
  readonly version: string;
  readonly action: 'restart' | 'guard';
}

/** So many looks in a row must see the same main process; first and last are at least KUBELET_PROOF_MIN_MS apart. */
export interface KubeletLooks {
  readonly looks: number;
  readonly lookIntervalMs: number;
}

/** Renews certificates that kubeadm made, and restarts what uses them. */
export interface KubeadmCertsSpec extends StepBase {
  readonly kind: 'kubeadm_certs';
  /** As `kubeadm certs check-expiration` names them; none: all. */
  readonly renew: readonly string[];
  /** Only what expires in less than this. */
  readonly whenUnderDays: number;
}

/** Sets fields of /var/lib/kubelet/config.yaml, and restarts and proves the kubelet. */
export interface KubeletConfigSpec extends StepBase, KubeletLooks {
  readonly kind: 'kubelet_config';
  /** By path, each once. */
  readonly set: readonly KubeletField[];
}

export interface KubeletField {
  /** Keys from the top of the file. */
  readonly path: readonly string[];
  readonly value: KubeletFieldValue;
}

export type KubeletFieldScalar = string | number | boolean;
export type KubeletFieldValue = KubeletFieldScalar | readonly KubeletFieldScalar[];
