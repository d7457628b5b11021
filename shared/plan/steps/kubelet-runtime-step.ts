import type { z } from 'zod';

import { RUNTIME_ENDPOINT_PATTERN, RUNTIME_NAME_PATTERN } from '../../domain/step-limits.ts';
import type { KubeletRuntimeSpec } from '../../domain/steps/kubelet-runtime-spec.ts';
import { entryOf } from '../loose.ts';
import { type Problem, problem } from '../problem.ts';
import { section } from '../section.ts';
import { name } from '../text-fields.ts';
import { stepTimeout } from './step-timeout.ts';

/** Going back, an API server of this host may only just begin to come up. */
const DEFAULT_TIMEOUT_MS = 300_000;

export const runtimeEndpoint = name(RUNTIME_ENDPOINT_PATTERN, 'where a container runtime listens, as unix:///run/containerd/containerd.sock');

export const kubeletRuntimeSection = section({
  endpoint: runtimeEndpoint,
  runtime: name(RUNTIME_NAME_PATTERN, 'what a node reports before the :// of its runtime, as containerd').default('containerd'),
  timeout: stepTimeout.default(DEFAULT_TIMEOUT_MS),
});

export function compileKubeletRuntime({ endpoint, runtime, timeout }: z.infer<typeof kubeletRuntimeSection>, nameIt: (wanted: string) => string): KubeletRuntimeSpec {
  return { kind: 'kubelet_runtime', name: nameIt('kubelet-runtime'), timeoutMs: timeout, endpoint, runtime, action: 'set' };
}

/** The step leaves the kubelet stopped, so that the old runtime can go before the new one is filled. */
export function checkKubeletRuntimes(steps: readonly unknown[]): readonly Problem[] {
  return steps.flatMap((step, index) => {
    if (entryOf(step, 'kubeletRuntime') === undefined || steps.slice(index + 1).some((later) => entryOf(later, 'kubelet') !== undefined)) return [];
    return [problem(['spec', 'steps', index, 'kubeletRuntime'], 'missing', 'leaves the kubelet stopped; add a step `kubelet: { version: ... }` after it, which starts and proves it')];
  });
}
