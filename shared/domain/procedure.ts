import type { PackageVersion, RebootSpec } from './step-spec.ts';
import type { ContainerdRuntime, ContainerdSettings } from './steps/containerd-spec.ts';
import type { CriProbeSpec } from './steps/cri-probe-spec.ts';
import type { ImageArchive } from './steps/images-spec.ts';
import type { K3sRuntimesSpec } from './steps/k3s-runtimes-spec.ts';
import type { K3sSpec } from './steps/k3s-spec.ts';
import type { KubeadmSpec } from './steps/kubeadm-spec.ts';

/** What a plan names instead of steps: the steps of each node follow from it and the node's facts. One variant a procedure. */
export type Procedure = PackagesProcedure | KubeadmUpgrade | K3sUpgrade | OsReboot | AgentUpgrade | KubeadmCertsRenew | ContainerdConfig | ContainerdUpgrade | WasmProcedure | DockerToContainerd | K3sRuntimesProcedure;

/** Packages in one transaction, then restarts of what they belong to. */
export interface PackagesProcedure {
  readonly kind: 'packages';
  readonly install: readonly PackageVersion[];
  readonly sources: readonly string[];
  readonly conffiles: 'keep' | 'replace';
  /** Units in the order in which they are restarted and proved. */
  readonly restart: readonly string[];
}

/** Brings clusters that kubeadm made to a version of Kubernetes: control planes first, every minor of them. */
export interface KubeadmUpgrade {
  readonly kind: 'kubeadm-upgrade';
  /** Exact, without the `v`, as all of them here. */
  readonly version: string;
  /** One for each minor on the way; the target may be among them. */
  readonly hops: readonly string[];
  readonly sources: readonly string[];
  /** What the packages add to a version: `1.1` makes `1.34.1-1.1`. */
  readonly packageRevision: string;
  /** Of each kubeadm step. */
  readonly settings: Pick<KubeadmSpec, 'etcdUpgrade' | 'certificateRenewal' | 'imagePullPolicy' | 'patches' | 'ignorePreflightErrors' | 'timeouts'>;
  readonly pointsOfNoReturn: readonly PointOfNoReturn[];
}

/** Brings K3s clusters to a version: servers first, every minor of them. */
export interface K3sUpgrade {
  readonly kind: 'k3s-upgrade';
  /** As `k3s --version` prints it. */
  readonly version: string;
  /** The target, and one for each minor on the way. */
  readonly releases: readonly K3sRelease[];
  readonly pointsOfNoReturn: readonly PointOfNoReturn[];
}

export interface K3sRelease {
  readonly version: string;
  /** By architecture, as dpkg names it. */
  readonly builds: Readonly<Record<string, Pick<K3sSpec, 'binary' | 'images'>>>;
}

/** Past it a node is never brought back by itself; a plan has to name it. */
export type PointOfNoReturn = 'control-plane';

export interface OsReboot {
  readonly kind: 'os-reboot';
  readonly onlyIf: RebootSpec['onlyIf'];
  /** Units that must be active after the boot. */
  readonly units: readonly string[];
}

/** Farrier's own agent. */
export interface AgentUpgrade {
  readonly kind: 'agent-upgrade';
  readonly version: string;
  readonly sources: readonly string[];
}

/** Renews what kubeadm made on control-plane nodes. */
export interface KubeadmCertsRenew {
  readonly kind: 'kubeadm-certs-renew';
  /** None: all. */
  readonly renew: readonly string[];
  readonly whenUnderDays: number;
}

/** Brings containerd's configuration to what is set here, with the packages that it needs, and proves runtimes by what they run. */
export interface ContainerdConfig {
  readonly kind: 'containerd-config';
  /** None: what it needs is there. */
  readonly install: readonly PackageVersion[];
  readonly sources: readonly string[];
  readonly settings: ContainerdSettings;
  readonly probes: readonly RuntimeProbe[];
}

/** Brings containerd to a version, over majors too. Its configuration is one that both versions read. */
export interface ContainerdUpgrade {
  readonly kind: 'containerd-upgrade';
  /** containerd or containerd.io is among them. */
  readonly install: readonly PackageVersion[];
  readonly sources: readonly string[];
  /** What the new version needs of images, as its sandbox; pinned before it comes. */
  readonly archives: readonly ImageArchive[];
  readonly settings: ContainerdSettings;
  readonly probes: readonly RuntimeProbe[];
}

/** A container that has to run there in the end. */
export type RuntimeProbe = Pick<CriProbeSpec, 'handler' | 'image' | 'archive' | 'annotations' | 'expect'>;

/** Gives containerd a runtime for WebAssembly, and proves it by a module that it runs. */
export interface WasmProcedure {
  readonly kind: 'wasm';
  /** None: what it needs is there. */
  readonly install: readonly PackageVersion[];
  readonly sources: readonly string[];
  readonly runtime: Pick<ContainerdRuntime, 'name' | 'type' | 'binary' | 'podAnnotations'>;
  readonly probe: Pick<CriProbeSpec, 'image' | 'archive' | 'annotations' | 'expect'>;
}

/** Brings nodes that kubeadm made from Docker to containerd. Docker stays installed, stopped and disabled. */
export interface DockerToContainerd {
  readonly kind: 'docker-to-containerd';
  /** Whole names of what Docker has and containerd gets. */
  readonly images: readonly string[];
  /** containerd's cgroup driver, which has to be the kubelet's. */
  readonly systemdCgroup: boolean;
  /** Null: what containerd has. */
  readonly sandboxImage: string | null;
  /** A container that has to run there in the end. */
  readonly probe: Pick<CriProbeSpec, 'image' | 'expect' | 'archive'> | null;
}

/** Adds runtimes to K3s' own containerd, and mirrors of what it pulls. */
export interface K3sRuntimesProcedure extends Pick<K3sRuntimesSpec, 'runtimes' | 'mirrors'> {
  readonly kind: 'k3s-runtimes';
  /** A container that has to run there in the end. */
  readonly probe: Pick<CriProbeSpec, 'handler' | 'image' | 'archive' | 'annotations' | 'expect'> | null;
}
