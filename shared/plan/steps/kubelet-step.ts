import type { z } from 'zod';

import { KUBELET_PROOF_MIN_MS, KUBELET_VERSION_PATTERN, LOOK_INTERVAL_MAX_MS, LOOKS_MAX } from '../../domain/step-limits.ts';
import type { KubeletSpec } from '../../domain/steps/kubeadm-spec.ts';
import { durationOr, formatDuration } from '../duration.ts';
import { entryOf } from '../loose.ts';
import { duration, wholeNumber } from '../number-fields.ts';
import { type Problem, problem, type PropertyPath } from '../problem.ts';
import { section } from '../section.ts';
import { name } from '../text-fields.ts';
import { stepTimeout } from './step-timeout.ts';

/** Over 30 s: what a new version breaks may show only when it has done its first rounds. */
const DEFAULT_LOOKS = 16;
const DEFAULT_LOOK_INTERVAL_MS = 2000;
const DEFAULT_TIMEOUT_MS = 300_000;

/** How long the kubelet is watched after a restart, and how long all of it may take. */
export const kubeletProof = {
  looks: wholeNumber({ min: 1, max: LOOKS_MAX }).default(DEFAULT_LOOKS),
  every: duration({ min: 100, max: LOOK_INTERVAL_MAX_MS }).default(DEFAULT_LOOK_INTERVAL_MS),
  timeout: stepTimeout.default(DEFAULT_TIMEOUT_MS),
};

export const kubeletSection = section({ version: name(KUBELET_VERSION_PATTERN, 'an exact version of the kubelet from 1.24 on without its v, as 1.34.2'), ...kubeletProof });

export function compileKubelet({ version, looks, every, timeout }: z.infer<typeof kubeletSection>, nameIt: (wanted: string) => string): KubeletSpec {
  return { kind: 'kubelet', name: nameIt('kubelet'), timeoutMs: timeout, version, action: 'restart', looks, lookIntervalMs: every };
}

/** Looks that span too little prove nothing; looks that take longer than the timeout could never succeed. */
export function checkKubeletProof(step: unknown, path: PropertyPath): readonly Problem[] {
  if (typeof step !== 'object' || step === null) return [];
  const looks = entryOf(step, 'looks') ?? DEFAULT_LOOKS;
  const every = durationOr(DEFAULT_LOOK_INTERVAL_MS, entryOf(step, 'every'));
  const timeout = durationOr(DEFAULT_TIMEOUT_MS, entryOf(step, 'timeout'));
  if (typeof looks !== 'number' || every === null || timeout === null) return [];
  const said = `${looks} looks, one every ${formatDuration(every)}`;
  if ((looks - 1) * every < KUBELET_PROOF_MIN_MS) return [problem([...path, 'looks'], 'conflict', `${said}, see the kubelet for less than ${formatDuration(KUBELET_PROOF_MIN_MS)}, in which one that crashes may still be up; raise looks or every`)];
  return looks * every < timeout ? [] : [problem([...path, 'timeout'], 'conflict', `${said}, do not fit into a timeout of ${formatDuration(timeout)}; raise timeout, or lower looks or every`)];
}
