import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';

import { parseKubeVersion } from '../version-info.ts';

const V1_ERROR = "cgroups v1 support is deprecated and will be removed in a future release. Please migrate to cgroups v2. To explicitly enable cgroups v1 support for kubelet v1.35 or newer, you must set the kubelet configuration option 'FailCgroupV1' to 'false'. You must also explicitly skip this validation. For more information, see https://git.k8s.io/enhancements/keps/sig-node/5573-remove-cgroup-v1";

/**
 * The part of preflight check SystemVerification that an upgrade trips over: from 1.35 kubeadm refuses a host with cgroup v1
 * if the kubelet one minor after the installed one would, whatever failCgroupV1 says; only ignoring the check helps.
 * (k8s.io/system-validators, CgroupsValidator.) null where nothing is wrong.
 */
export function systemVerificationError(kubeadmVersion: string): string | null {
  if (parseKubeVersion(kubeadmVersion).minor < 35 || !hasCgroupV1()) return null;
  const kubelet = execFileSync('kubelet', ['--version'], { encoding: 'utf8' }).trim().split(' ')[1] ?? '';
  return parseKubeVersion(kubelet).minor + 1 >= 35 ? V1_ERROR : null;
}

function hasCgroupV1(): boolean {
  return existsSync('/sys/fs/cgroup/memory') && statSync('/sys/fs/cgroup/memory').isDirectory();
}
