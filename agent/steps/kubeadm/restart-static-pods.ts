import type { Clock } from '../../../shared/ports/clock.ts';
import type { Processes } from '../../ports/processes.ts';
import { STEP_OK, type StepContext, type StepFailure, type StepResult, stepFailure } from '../step.ts';
import type { StaticPod } from './certificates.ts';
import type { KubeadmPlaces } from './kubeadm-places.ts';
import { hasManifest, returnManifests, takeManifestOut } from './manifests-out.ts';

/** The kubelet looks every 20 s where nothing tells it of the change (fileCheckFrequency), and gives the pod 30 s to end. */
const GONE_MAX_MS = 120_000;
const BACK_MAX_MS = 180_000;
const LOOK_INTERVAL_MS = 500;

export interface RestartParts {
  readonly processes: Processes;
  readonly clock: Clock;
  readonly places: KubeadmPlaces;
}

/**
 * Restarts the pods one after the other by moving their manifests out, waiting until the kubelet has ended them, and moving
 * them in again. https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/kubeadm-certs/#manual-certificate-renewal
 * A manifest is never left out: not by a failure, and after a kill `returnManifests` brings it back.
 */
export async function restartStaticPods(pods: readonly StaticPod[], parts: RestartParts, context: StepContext): Promise<StepResult> {
  for (const pod of pods) {
    const restarted = await restartPod(pod, parts, context);
    if (!restarted.ok) return restarted;
  }
  return STEP_OK;
}

async function restartPod(pod: StaticPod, { processes, clock, places }: RestartParts, { signal }: StepContext): Promise<StepResult> {
  // etcd may be elsewhere.
  if (!(await hasManifest(pod, places))) return STEP_OK;
  const before = await processes.named(pod);
  const until = async (holds: (now: readonly string[]) => boolean, maxMs: number): Promise<boolean> => {
    const deadlineMs = clock.monotonicMs() + maxMs;
    for (;;) {
      if (holds(await processes.named(pod))) return true;
      if (clock.monotonicMs() >= deadlineMs) return false;
      await clock.sleep(LOOK_INTERVAL_MS, signal);
    }
  };
  await takeManifestOut(pod, places);
  let ended: boolean;
  try {
    // Another program of that name may run here: one of them has to go, not all.
    ended = before.length === 0 || (await until((now) => before.some((mark) => !now.includes(mark)), GONE_MAX_MS));
  } finally {
    await returnManifests(places);
  }
  if (!ended) return stuck(pod, 'was not ended by the kubelet while its manifest was away');
  return (await until((now) => now.some((mark) => !before.includes(mark)), BACK_MAX_MS)) ? STEP_OK : stuck(pod, 'was not started again by the kubelet');
}

function stuck(pod: StaticPod, how: string): StepFailure {
  return stepFailure('static-pod-stuck', `${pod} ${how}; see the kubelet's journal on this host`, pod);
}
