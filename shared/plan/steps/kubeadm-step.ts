import type { z } from 'zod';

import { KUBEADM_TIMEOUT_MAX_MS, KUBEADM_VERSION_PATTERN, PATCHES_FOLDER_PATTERN, PREFLIGHT_CHECK_PATTERN, PREFLIGHT_CHECKS_MAX } from '../../domain/step-limits.ts';
import type { KubeadmSpec } from '../../domain/steps/kubeadm-spec.ts';
import { durationOr, formatDuration } from '../duration.ts';
import { yesOrNo } from '../flag-field.ts';
import { entryOf } from '../loose.ts';
import { duration } from '../number-fields.ts';
import { type Problem, problem, type PropertyPath } from '../problem.ts';
import { list, section } from '../section.ts';
import { choice, name } from '../text-fields.ts';
import { stepTimeout } from './step-timeout.ts';

/** kubeadm took 4.4 minutes for one control plane on a small machine, and waits up to 5 for each of its static pods. */
const DEFAULT_TIMEOUT_MS = 30 * 60_000;

/** Of Kubernetes, where this step or the kubelet's goes. */
const kubernetesVersion = name(KUBEADM_VERSION_PATTERN, 'an exact version of Kubernetes from 1.31 on without its v, as 1.34.2');

const wait = duration({ min: 1000, max: KUBEADM_TIMEOUT_MAX_MS }).default(0);

const preflightCheck = name(PREFLIGHT_CHECK_PATTERN, 'the name of one check, as kubeadm prints it in [ERROR SystemVerification]; all would ignore what nobody has seen yet');

export const kubeadmSection = section({
  role: choice(['first-control-plane', 'control-plane', 'worker']),
  version: kubernetesVersion,
  etcdUpgrade: yesOrNo().default(true),
  certificateRenewal: yesOrNo().default(true),
  imagePullPolicy: choice(['IfNotPresent', 'Never', 'Always']).default('IfNotPresent'),
  patches: name(PATCHES_FOLDER_PATTERN, 'the absolute path of a folder of kubeadm patches on the host, as /etc/kubernetes/patches').default(''),
  ignorePreflightErrors: list(preflightCheck, 'checks of kubeadm', { min: 0, max: PREFLIGHT_CHECKS_MAX }).default([]),
  timeouts: section({
    upgradeManifests: wait,
    etcdAPICall: wait,
    kubernetesAPICall: wait,
    controlPlaneComponentHealthCheck: wait,
    kubeletHealthCheck: wait,
  }).optional(),
  timeout: stepTimeout.default(DEFAULT_TIMEOUT_MS),
});

export function compileKubeadm({ timeout, timeouts, ...rest }: z.infer<typeof kubeadmSection>, nameIt: (wanted: string) => string): KubeadmSpec {
  return {
    kind: 'kubeadm',
    name: nameIt('kubeadm'),
    timeoutMs: timeout,
    ...rest,
    timeouts: {
      upgradeManifestsMs: timeouts?.upgradeManifests ?? 0,
      etcdApiCallMs: timeouts?.etcdAPICall ?? 0,
      kubernetesApiCallMs: timeouts?.kubernetesAPICall ?? 0,
      controlPlaneHealthCheckMs: timeouts?.controlPlaneComponentHealthCheck ?? 0,
      kubeletHealthCheckMs: timeouts?.kubeletHealthCheck ?? 0,
    },
  };
}

/** A wait of kubeadm's that is longer than the step may take would never end by itself. */
export function checkKubeadm(kubeadm: unknown, path: PropertyPath): readonly Problem[] {
  const timeout = durationOr(DEFAULT_TIMEOUT_MS, entryOf(kubeadm, 'timeout'));
  const waits = entryOf(kubeadm, 'timeouts');
  if (timeout === null || typeof waits !== 'object' || waits === null) return [];
  return Object.entries(waits).flatMap(([key, written]) => {
    const ms = durationOr(0, written);
    return ms === null || ms < timeout ? [] : [problem([...path, 'timeouts', key], 'conflict', `is ${formatDuration(ms)}, which is not less than the step's own timeout of ${formatDuration(timeout)}; raise timeout`)];
  });
}
