import type { StartControlPlaneSpec } from '../../../shared/domain/steps/restore-specs.ts';
import { VERSIONED_COMPONENTS } from '../kubeadm/manifests.ts';
import { hasManifest, isManifestOut, returnManifests } from '../kubeadm/manifests-out.ts';
import { holdControlPlane } from '../kubelet/hold-control-plane.ts';
import { KUBELET_UNIT } from '../kubelet/prove-kubelet.ts';
import { restartKubelet } from '../kubelet/restart-kubelet.ts';
import { type CaptureResult, STEP_OK, type StepContext, type StepExecutor, type StepResult } from '../step.ts';
import { LAST_WORDS_MS, type RestoreParts } from './restore-parts.ts';
import { type ControlPlanePrior, stopPods } from './stop-control-plane.ts';

/** What an earlier step of the restore stopped here. */
type Stopped = Pick<ControlPlanePrior, 'pods'>;

export function startControlPlaneStep(parts: RestoreParts): StepExecutor<StartControlPlaneSpec, Stopped> {
  return {
    kind: 'start_control_plane',
    stage: async () => STEP_OK,
    check: async () => ({ ok: true, state: 'needed' }),
    capture: () => capture(parts),
    apply: (_spec, { pods }, context) => apply(parts, pods, context),
    verify: ({ timeoutMs }, _prior, context) => holdControlPlane(parts, { version: null, deadlineMs: parts.clock.monotonicMs() + timeoutMs - LAST_WORDS_MS }, context),
    revert: (spec, { pods }, context) => stopPods(parts, spec, pods, context),
    canRevert: async () => STEP_OK,
    pointOfNoReturn: () => 'API servers have served what was restored',
    crossed: async (_spec, { pods }) => (await Promise.all(pods.map((pod) => hasManifest(pod, parts.places)))).includes(true),
  };
}

async function capture({ places }: RestoreParts): Promise<CaptureResult<Stopped>> {
  const out = await Promise.all(VERSIONED_COMPONENTS.map((pod) => isManifestOut(pod, places)));
  return { ok: true, prior: { pods: VERSIONED_COMPONENTS.filter((_pod, index) => out[index]) } };
}

/** The kubelet goes on with what it read before, as Kubernetes has it restarted after a restore. */
async function apply({ places, units }: RestoreParts, pods: Stopped['pods'], context: StepContext): Promise<StepResult> {
  await returnManifests(places, pods);
  return (await units.look(KUBELET_UNIT, context.signal)) === null ? STEP_OK : restartKubelet(units, context);
}
