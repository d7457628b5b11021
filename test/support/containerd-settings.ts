import type { ContainerdRuntime, ContainerdSettings } from '../../shared/domain/steps/containerd-spec.ts';
import type { Release } from '../../shared/domain/release.ts';

/** Settings that change nothing, but for what a test names. */
export function containerdSettings(change: Partial<ContainerdSettings> = {}): ContainerdSettings {
  return { enableCri: false, defaultRuntime: null, runtimes: [], removeRuntimes: [], systemdCgroup: null, sandboxImage: null, snapshotter: null, registry: null, cdi: null, alsoFor: null, ...change };
}

export function containerdRuntime(name: string, change: Partial<ContainerdRuntime> = {}): ContainerdRuntime {
  return { name, type: 'io.containerd.runc.v2', binary: `/usr/bin/${name}`, systemdCgroup: null, podAnnotations: [], options: [], ...change };
}

/** What Debian 12, 13 and testing have. */
export const CONTAINERD_16: Release = { major: 1, minor: 6, patch: 20 };
export const CONTAINERD_17: Release = { major: 1, minor: 7, patch: 24 };
export const CONTAINERD_21: Release = { major: 2, minor: 1, patch: 9 };
