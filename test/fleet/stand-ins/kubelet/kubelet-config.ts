import { readFileSync, statfsSync } from 'node:fs';
import { parse } from 'yaml';

/** The part of KubeletConfiguration (kubelet.config.k8s.io/v1beta1) that the stand-in acts on. */
export interface KubeletConfig {
  readonly staticPodPath: string | null;
  readonly healthzBindAddress: string;
  readonly healthzPort: number;
  readonly containerRuntimeEndpoint: string;
  readonly failCgroupV1: boolean;
}

const CGROUP2_MAGIC = 0x63677270;
const RUNTIME_ENDPOINT = 'unix:///run/containerd/containerd.sock';

/** @throws with the words of the real kubelet where it would refuse to start with this file on this host. */
export function loadKubeletConfig(path: string, minor: number): KubeletConfig {
  const text = read(path);
  const given = parse(text) as Partial<KubeletConfig & { kind: string; apiVersion: string }> | null;
  if (given?.kind !== 'KubeletConfiguration' || given.apiVersion !== 'kubelet.config.k8s.io/v1beta1') {
    throw new Error(`failed to load kubelet config file, path: ${path}, error: failed to decode, error: no kind "${given?.kind}" is registered for version "${given?.apiVersion}"`);
  }
  const config: KubeletConfig = {
    staticPodPath: given.staticPodPath ?? null,
    healthzBindAddress: given.healthzBindAddress ?? '127.0.0.1',
    healthzPort: given.healthzPort ?? 10248,
    containerRuntimeEndpoint: given.containerRuntimeEndpoint || RUNTIME_ENDPOINT,
    // true by default from 1.35: https://kubernetes.io/docs/concepts/architecture/cgroups/#deprecation-of-cgroup-v1
    failCgroupV1: given.failCgroupV1 ?? minor >= 35,
  };
  if (config.failCgroupV1 && statfsSync('/sys/fs/cgroup').type !== CGROUP2_MAGIC) {
    throw new Error('failed to validate kubelet configuration, error: kubelet is configured to not run on a host using cgroup v1. cgroup v1 support is unsupported and will be removed in a future release');
  }
  return config;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    throw new Error(`failed to load kubelet config file, path: ${path}, error: failed to load Kubelet config file ${path}, error failed to read kubelet config file "${path}", error: open ${path}: no such file or directory`);
  }
}
