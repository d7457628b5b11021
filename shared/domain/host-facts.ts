import type { EtcdLook } from './etcd-look.ts';

/**
 * What an agent tells about its host, for preflights and procedures. It says what is there, as it is written there; who
 * uses a version parses it. Never trusted for identity, labels or place: a host may say what it likes.
 */
export interface HostFacts {
  readonly os: OsFacts;
  readonly kernel: string;
  /** As dpkg names it: amd64, arm64. */
  readonly architecture: string;
  /** Of /sys/fs/cgroup; null where it is neither. */
  readonly cgroupVersion: 1 | 2 | null;
  readonly memoryBytes: number;
  /** Bytes free for root, rounded down by up to 1/16 so that they do not change all the time; only of paths that are there. */
  readonly freeBytes: Readonly<Partial<Record<DiskPath, number>>>;
  readonly runtimes: RuntimeFacts;
  readonly kubernetes: KubernetesFacts | null;
  /** Null where no member of etcd runs here. */
  readonly etcdMember: EtcdLook | null;
  /** The package system asks for one. */
  readonly rebootRequired: boolean;
  /** Others that change this host on their own. */
  readonly otherTools: readonly OtherTool[];
  /** Of FACT_PACKAGES: the version of each that is installed. */
  readonly packages: Readonly<Record<string, string>>;
  /** Null where the agent knows nothing of snapshots. */
  readonly snapshots: SnapshotFacts | null;
  /** Null where nothing of a datastore is set up here. */
  readonly datastore: DatastoreFacts | null;
}

/** What a restore has to know of a host: its files say it also where nothing runs any more. */
export interface DatastoreFacts {
  /** Of etcd, with TLS; null where there is none. */
  readonly member: { readonly name: string; readonly peerUrls: readonly string[]; readonly clientUrl: string } | null;
  /** Where the API server that is set up here is asked; null where there is none. */
  readonly apiServer: string | null;
}

/** What a host can do for snapshots of datastores, its own and others'. */
export interface SnapshotFacts {
  /** `age1...`: what is sealed for it, this host can open in order to prove it. */
  readonly recipient: string;
  readonly mayProve: boolean;
  /** Why, or why not, as a sentence. */
  readonly reason: string;
  /** Minors of etcd whose programs it has, sorted: `3.5`. */
  readonly tools: readonly string[];
  /** Free for root where it restores to prove, rounded down as `freeBytes` above. */
  readonly freeBytes: number;
}

export interface OsFacts {
  /** ID and VERSION_ID of os-release: `debian`, `12`. */
  readonly id: string;
  readonly versionId: string;
  readonly prettyName: string;
  readonly packageFamily: PackageFamily | null;
}

/** Versions of what is installed, whoever started it; null where it is not. */
export interface RuntimeFacts {
  readonly containerd: string | null;
  readonly runc: string | null;
  readonly crun: string | null;
  readonly docker: string | null;
}

export type KubernetesFacts = KubeadmFacts | K3sFacts;

interface KubeletFacts {
  /** As the kubelet's client certificate names it; the host's name where there is none yet. */
  readonly nodeName: string;
  /** `unix:///run/containerd/containerd.sock`; empty where nothing says. */
  readonly criSocket: string;
  /** Of the kubelet's configuration file; null where it says nothing. There is no flag for it. */
  readonly failCgroupV1: boolean | null;
  /** Files that hand the kubelet `--pod-infra-container-image`, which 1.35 does not know any more. */
  readonly podInfraImageFlagIn: readonly string[];
  readonly certificates: readonly CertificateFacts[];
}

/** Made or joined by kubeadm. Versions as they stand in package, program or image tag; null where it is not there. */
export interface KubeadmFacts extends KubeletFacts {
  readonly kind: 'kubeadm';
  /** control-plane: it has a manifest of kube-apiserver. */
  readonly role: 'control-plane' | 'worker';
  readonly kubeadm: string | null;
  readonly kubelet: string | null;
  readonly kubectl: string | null;
  /** Image tag of the static pod. */
  readonly apiserver: string | null;
  readonly etcd: EtcdFacts;
}

export type EtcdFacts =
  | { readonly kind: 'none' }
  | { readonly kind: 'external' }
  /** `experimentalFlags`: those of its manifest that begin with `--experimental-`, without their values. */
  | { readonly kind: 'stacked'; readonly version: string | null; readonly experimentalFlags: readonly string[] };

export interface K3sFacts extends KubeletFacts {
  readonly kind: 'k3s';
  readonly role: 'server' | 'agent';
  readonly version: string | null;
  /** none: an agent, or a server that has not yet begun. */
  readonly datastore: 'sqlite' | 'etcd' | 'external' | 'none';
  /** Runtimes that it adds to its containerd by itself, for programs that it finds; sorted. */
  readonly foundRuntimes: readonly string[];
}

export interface CertificateFacts {
  /** Absolute path of the file that holds it. */
  readonly path: string;
  readonly notAfterUnixMs: number;
}

export const PACKAGE_FAMILIES = ['apt', 'dnf', 'zypper'] as const;
export type PackageFamily = (typeof PACKAGE_FAMILIES)[number];

export const OTHER_TOOLS = ['unattended-upgrades', 'dnf-automatic', 'puppet', 'ansible'] as const;
export type OtherTool = (typeof OTHER_TOOLS)[number];

/** Where upgrades write much. */
export const DISK_PATHS = ['/', '/var', '/var/lib/containerd', '/var/lib/etcd', '/var/lib/kubelet', '/var/lib/rancher'] as const;
export type DiskPath = (typeof DISK_PATHS)[number];

/** Packages whose versions procedures and preflights ask for. */
export const FACT_PACKAGES: readonly string[] = [
  ...['kubeadm', 'kubelet', 'kubectl', 'cri-tools', 'kubernetes-cni', 'k3s', 'k3s-selinux', 'container-selinux'],
  ...['containerd', 'containerd.io', 'runc', 'crun', 'docker.io', 'docker-ce', 'moby-engine', 'cri-o'],
  ...['farrier-agent', 'needrestart', 'unattended-upgrades', 'dnf-automatic', 'puppet', 'puppet-agent', 'ansible', 'ansible-core'],
];

/** Limits of what one host may tell. */
export const FACT_TEXT_MAX = 128;
export const FACT_FILES_MAX = 16;
export const FACT_CERTIFICATES_MAX = 48;
/** Past it a certificate's end is no date that Date can hold. */
export const FACT_MOMENT_MAX_MS = 8.64e15;
export const FACT_TOOLS_MAX = 16;

/** One line of printable ASCII: whatever shows it is not repainted by it. */
export const FACT_TEXT_PATTERN = /^[\x20-\x7e]{0,128}$/;
export const FACT_VERSION_PATTERN = /^[A-Za-z0-9][A-Za-z0-9.+~:_^-]{0,127}$/;
export const FACT_PATH_PATTERN = /^\/[\x21-\x7e]{0,255}$/;
export const FACT_SENTENCE_PATTERN = /^[\x20-\x7e]{0,300}$/;
export const FACT_FLAG_PATTERN = /^--[a-z0-9-]{1,100}$/;
