import type { StepSpec } from './step-spec.ts';

/** What a kubelet's runtime cannot be without, by where it listens. */
const RUNTIMES = [
  { socket: /\/(?:cri-dockerd|dockershim|docker)\.sock$/, parts: ['docker.io', 'docker-ce', 'moby-engine', 'cri-dockerd', 'containerd', 'containerd.io', 'docker.service', 'cri-docker.service', 'containerd.service'] },
  { socket: /\/containerd\.sock$/, parts: ['containerd', 'containerd.io', 'containerd.service'] },
  { socket: /\/crio\.sock$/, parts: ['cri-o', 'crio.service'] },
];

/** What a kubelet asks that is told nothing. */
const CONTAINERD_SOCKET = 'unix:///run/containerd/containerd.sock';

/**
 * Why a step must not be: the kubelet's pods would be gone with its runtime, and nothing would start them again.
 *
 * @param earlier steps that run before it and have not run yet.
 * @param criSocket of the kubelet as it is now; '' where it is told nothing.
 * @returns null where it takes nothing away that the kubelet runs on
 */
export function takenRuntime(step: StepSpec, earlier: readonly StepSpec[], criSocket: string): string | null {
  const set = earlier.findLast((each) => each.kind === 'kubelet_runtime' && each.action === 'set');
  const socket = set?.kind === 'kubelet_runtime' ? set.endpoint : criSocket || CONTAINERD_SOCKET;
  const parts = RUNTIMES.find((runtime) => runtime.socket.test(socket))?.parts ?? [];
  const taken = takenAway(step).find((part) => parts.includes(part));
  return taken === undefined ? null : `step ${step.name} takes ${taken} away, and the kubelet runs on ${socket}; point it at another runtime first, as docker-to-containerd does`;
}

/** Packages and units. */
export function takenAway(step: StepSpec): readonly string[] {
  if (step.kind === 'packages') return step.remove ?? [];
  return step.kind === 'service' && step.action === 'disable' ? [step.unit] : [];
}
