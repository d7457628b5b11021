import type { StepBase } from './step-base.ts';
import type { ContainerdSpec } from './steps/containerd-spec.ts';
import type { CriProbeSpec } from './steps/cri-probe-spec.ts';
import type { EtcdDefragmentSpec, EtcdDisarmSpec, EtcdUpgradeSpec } from './steps/etcd-spec.ts';
import type { FilesSpec } from './steps/files-spec.ts';
import type { HookSpec } from './steps/hook-spec.ts';
import type { ImagesSpec } from './steps/images-spec.ts';
import type { K3sSpec } from './steps/k3s-spec.ts';
import type { KubeadmCertsSpec, KubeadmSpec, KubeletConfigSpec, KubeletSpec } from './steps/kubeadm-spec.ts';
import type { K3sRuntimesSpec } from './steps/k3s-runtimes-spec.ts';
import type { KubeletRuntimeSpec } from './steps/kubelet-runtime-spec.ts';
import type { ModulesSpec } from './steps/modules-spec.ts';
import type { RestoreSpec } from './steps/restore-specs.ts';
import type { SysctlSpec } from './steps/sysctl-spec.ts';

/** What a step is to achieve, as data: planned by the coordinator, executed by the agent. One variant a kind. */
export type StepSpec =
  | PackagesSpec
  | ServiceSpec
  | FilesSpec
  | SysctlSpec
  | ModulesSpec
  | HookSpec
  | RebootSpec
  | KubeadmSpec
  | KubeletSpec
  | KubeadmCertsSpec
  | KubeletConfigSpec
  | K3sSpec
  | AgentUpgradeSpec
  | ContainerdSpec
  | ImagesSpec
  | CriProbeSpec
  | KubeletRuntimeSpec
  | K3sRuntimesSpec
  | RestoreSpec
  | EtcdUpgradeSpec
  | EtcdDefragmentSpec
  | EtcdDisarmSpec;

export type StepKind = StepSpec['kind'];

/** Brings packages to exact versions in one transaction of the host's package system. */
export interface PackagesSpec extends StepBase {
  readonly kind: 'packages';
  readonly install: readonly PackageVersion[];
  /** Names of package sources in /etc/farrier/sources.d. */
  readonly sources: readonly string[];
  /** A configuration file that a person changed is kept or replaced by the package's. */
  readonly conffiles: 'keep' | 'replace';
  /** Taken away instead, and nothing with them; then nothing is installed. Absent: none. */
  readonly remove?: readonly string[];
}

export interface PackageVersion {
  readonly name: string;
  readonly version: string;
}

/**
 * `restart`: apply restarts the unit and verify proves that it stays up.
 * `guard`: apply changes nothing; revert, which runs after every later step was reverted, restarts the unit and proves it.
 * `disable`: apply stops the unit and its sockets, and no boot starts them any more; revert brings each back as it was.
 */
export interface ServiceSpec extends StepBase {
  readonly kind: 'service';
  readonly unit: string;
  readonly action: 'restart' | 'guard' | 'disable';
  /** So many looks in a row must see the same main process. */
  readonly looks: number;
  readonly lookIntervalMs: number;
}

/**
 * `reboot`: apply reboots the host and verify proves what came up.
 * `guard`: apply changes nothing; revert, which runs after every later step was reverted, reboots a host that was booted
 * since into what was put back, and proves it.
 */
export interface RebootSpec extends StepBase {
  readonly kind: 'reboot';
  readonly action: 'reboot' | 'guard';
  /** required: /run/reboot-required lies there, or a kernel newer than the running one is installed. A guard asks neither. */
  readonly onlyIf: 'always' | 'required';
  /** Units that must be active after the boot and stay so. */
  readonly units: readonly string[];
}

/** What dpkg calls the agent. */
export const AGENT_PACKAGE = 'farrier-agent';

/**
 * Brings Farrier's own agent to an exact version. It is proved by a session that the coordinator gives the new version;
 * without one the version before comes back.
 */
export interface AgentUpgradeSpec extends StepBase {
  readonly kind: 'agent_upgrade';
  readonly version: string;
  /** So long the new version has for its session, from when it is installed. */
  readonly connectWithinMs: number;
  /** Names of package sources in /etc/farrier/sources.d. */
  readonly sources: readonly string[];
}
