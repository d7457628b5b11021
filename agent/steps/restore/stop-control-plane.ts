import type { StopControlPlaneSpec } from '../../../shared/domain/steps/restore-specs.ts';
import { VERSIONED_COMPONENTS } from '../kubeadm/manifests.ts';
import { hasManifest, returnManifests, takeManifestOut } from '../kubeadm/manifests-out.ts';
import { holdControlPlane } from '../kubelet/hold-control-plane.ts';
import { type CaptureResult, STEP_OK, type StepContext, type StepExecutor, type StepResult, stepFailure } from '../step.ts';
import { LAST_WORDS_MS, LOOK_EVERY_MS, type RestoreParts } from './restore-parts.ts';

/** What of the control plane ran here. */
export interface ControlPlanePrior {
  readonly pods: readonly (typeof VERSIONED_COMPONENTS)[number][];
  /** Where it was not, nobody can say of what comes back that it lacks anything. */
  readonly wasReady: boolean;
}

/** So many looks in a row: an API server that is being restarted answers nobody for a moment. */
const SILENT_LOOKS = 5;

/** The barrier before any data is touched, on every host of the cluster: it is seen, and nobody has to tell the others. */
export function stopControlPlaneStep(parts: RestoreParts): StepExecutor<StopControlPlaneSpec, ControlPlanePrior> {
  return {
    kind: 'stop_control_plane',
    stage: async () => STEP_OK,
    check: async () => ({ ok: true, state: 'needed' }),
    capture: (_spec, context) => capture(parts, context),
    apply: (spec, { pods }, context) => stopPods(parts, spec, pods, context),
    verify: (spec, _prior, context) => untilSilent(parts, spec, context),
    revert: (spec, prior, context) => revert(parts, spec, prior, context),
    canRevert: async () => STEP_OK,
  };
}

async function capture({ places, truth }: RestoreParts, { signal }: StepContext): Promise<CaptureResult<ControlPlanePrior>> {
  const found = await Promise.all(VERSIONED_COMPONENTS.map((pod) => hasManifest(pod, places)));
  return { ok: true, prior: { pods: VERSIONED_COMPONENTS.filter((_pod, index) => found[index]), wasReady: (await truth.apiServer(signal)).kind === 'ready' } };
}

/** Also for a step that goes back to where they are stopped. */
export async function stopPods({ places, processes, clock }: RestoreParts, { timeoutMs }: Pick<StopControlPlaneSpec, 'timeoutMs'>, pods: ControlPlanePrior['pods'], { signal }: StepContext): Promise<StepResult> {
  for (const pod of pods) await takeManifestOut(pod, places);
  const deadlineMs = clock.monotonicMs() + timeoutMs - LAST_WORDS_MS;
  for (;;) {
    const running: string[] = [];
    for (const pod of pods) if ((await processes.named(pod)).length > 0) running.push(pod);
    if (running.length === 0) return STEP_OK;
    if (clock.monotonicMs() >= deadlineMs) return stepFailure('static-pod-stuck', `${running.join(', ')} still run(s) though the manifest is away; see the kubelet's journal on this host`, running[0]);
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}

async function untilSilent({ endpoints, clock }: RestoreParts, { apiServers, timeoutMs }: StopControlPlaneSpec, { signal }: StepContext): Promise<StepResult> {
  const deadlineMs = clock.monotonicMs() + timeoutMs - LAST_WORDS_MS;
  for (let silent = 0; ; ) {
    const answers = await Promise.all(apiServers.map((url) => endpoints.accepts(url, signal)));
    const serving = apiServers.filter((_url, index) => answers[index]);
    silent = serving.length === 0 ? silent + 1 : 0;
    if (silent === SILENT_LOOKS) return STEP_OK;
    if (clock.monotonicMs() >= deadlineMs) return stepFailure('still-served', `${serving.join(', ') || 'an API server'} still answered, so that the datastore may still be written; see why that host did not stop its own: farrier why on it`, serving[0]);
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}

async function revert(parts: RestoreParts, { timeoutMs }: StopControlPlaneSpec, { pods, wasReady }: ControlPlanePrior, context: StepContext): Promise<StepResult> {
  await returnManifests(parts.places, pods);
  // With quorum it is ready, and that takes the other hosts to have gone back too.
  return wasReady ? holdControlPlane(parts, { version: null, deadlineMs: parts.clock.monotonicMs() + timeoutMs - LAST_WORDS_MS }, context) : STEP_OK;
}
