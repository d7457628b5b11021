import type { StepBase } from '../step-base.ts';

export const CONTAINERD_UNIT = 'containerd.service';

/**
 * `configure`: brings containerd's configuration to what is set here, restarts it and proves it by its CRI.
 * `guard`: apply changes nothing; revert, which runs after every later step was reverted, restarts containerd on what was
 * put back and proves that.
 */
export interface ContainerdSpec extends StepBase {
  readonly kind: 'containerd';
  readonly action: 'configure' | 'guard';
  readonly settings: ContainerdSettings;
  /** So many looks in a row must see the same main process. */
  readonly looks: number;
  readonly lookIntervalMs: number;
}

/** Null and empty lists: whatever there is stays. */
export interface ContainerdSettings {
  /** Takes CRI out of what the file turns off, as packages of Docker's do. */
  readonly enableCri: boolean;
  readonly defaultRuntime: string | null;
  /** Added, or brought to this; others stay. */
  readonly runtimes: readonly ContainerdRuntime[];
  readonly removeRuntimes: readonly string[];
  /** For all runtimes of runc's kind: the kubelet has one driver for all of them. */
  readonly systemdCgroup: boolean | null;
  readonly sandboxImage: string | null;
  readonly snapshotter: string | null;
  readonly registry: ContainerdRegistry | null;
  readonly cdi: { readonly enabled: boolean; readonly specDirs: readonly string[] } | null;
  /** Another containerd that has to read the result too, as the one of a later revert or upgrade: `1.7.24`. */
  readonly alsoFor: string | null;
}

export const RUNC_TYPE = 'io.containerd.runc.v2';

/** Runs a program with runc's command line: the kubelet's cgroup driver has to be theirs. */
export function isRuncType(type: string): boolean {
  return /^io\.containerd\.runc\.v[12]$/.test(type);
}

export interface ContainerdRuntime {
  /** What a RuntimeClass names as its handler. */
  readonly name: string;
  readonly type: string;
  /** Program that a runtime of runc's kind runs; null: found on the PATH. */
  readonly binary: string | null;
  /** Null: as the others have it. */
  readonly systemdCgroup: boolean | null;
  /** Annotations of pods that containers get to see, as `run.oci.handler`. */
  readonly podAnnotations: readonly string[];
  readonly options: readonly RuntimeOption[];
}

export interface RuntimeOption {
  readonly name: string;
  readonly value: string | number | boolean;
}

export interface ContainerdRegistry {
  /** Absolute, below /etc. */
  readonly configPath: string;
  /** Each has a folder of its own below it. */
  readonly hosts: readonly RegistryHost[];
}

/** A hosts.toml: containerd reads it at every pull and needs no restart. */
export interface RegistryHost {
  /** `docker.io`, `registry.example:5000`, or `_default`. */
  readonly host: string;
  /** What is asked last; null: the host itself. */
  readonly server: string | null;
  /** Asked in this order. */
  readonly mirrors: readonly RegistryMirror[];
}

export interface RegistryMirror {
  readonly url: string;
  readonly capabilities: readonly ('pull' | 'resolve' | 'push')[];
  /** Absolute path of a certificate on the host; null: the host's own. */
  readonly ca: string | null;
  readonly skipVerify: boolean;
  readonly overridePath: boolean;
}
