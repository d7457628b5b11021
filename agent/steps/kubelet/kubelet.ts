import type { KubeletSpec } from '../../../shared/domain/steps/kubeadm-spec.ts';
import type { RunProgram } from '../../ports/programs.ts';
import { isUp, looksAtKnown } from '../prove-unit.ts';
import { type CaptureResult, type CheckResult, STEP_OK, type StepContext, type StepExecutor, type StepResult, stepFailure } from '../step.ts';
import type { KubeadmPlaces } from '../kubeadm/kubeadm-places.ts';
import { asItWas, captureKubelet, kubeletNotFound, type KubeletPrior, wasRestarted } from './kubelet-prior.ts';
import { removeNewState, stateFiles } from './kubelet-state.ts';
import { readKubeletVersion } from './kubelet-version.ts';
import { KUBELET_UNIT, type KubeletParts, proveKubelet } from './prove-kubelet.ts';
import { restartKubelet, stopKubelet } from './restart-kubelet.ts';

type Parts = KubeletParts & { readonly places: Pick<KubeadmPlaces, 'kubelet'> };

interface Prior extends KubeletPrior {
  /** Its checkpoints; absent where the journal is of an agent that did not look. */
  readonly state?: readonly string[];
}

/**
 * `restart` restarts the kubelet and proves by its own truth that it is the one that was wanted. `guard` stands before the
 * steps that change what the kubelet runs on: it changes nothing, and going back through it, when those are back, restarts
 * the kubelet on what it ran on before and proves that.
 */
export function kubeletStep(parts: Parts, run: RunProgram): StepExecutor<KubeletSpec, Prior> {
  return {
    kind: 'kubelet',
    // The kubelet may come with a package of an earlier step: only its own turn can say.
    stage: async () => STEP_OK,
    canRevert: async () => STEP_OK,
    check: (spec, context) => check(parts, run, spec, context),
    capture: (_spec, context) => capture(parts, context),
    apply: (spec, _prior, context) => (spec.action === 'guard' ? Promise.resolve(STEP_OK) : restartKubelet(parts.units, context)),
    verify: async (spec, prior, context) => {
      if (spec.action === 'guard') return STEP_OK;
      const restarted = await wasRestarted(parts, prior, context);
      return restarted.ok ? proveKubelet(parts, { version: spec.version, runtime: runtimeSetBy(context), ready: true, apiSilentMs: null }, spec, context) : restarted;
    },
    revert: (spec, prior, context) => revert(parts, spec, prior, context),
  };
}

/** The one that a step before it pointed the kubelet at; null: whatever there is. */
function runtimeSetBy({ earlier }: StepContext): string | null {
  const set = earlier.map(({ spec }) => spec).findLast((spec) => spec.kind === 'kubelet_runtime');
  return set?.runtime ?? null;
}

async function check({ units }: KubeletParts, run: RunProgram, spec: KubeletSpec, { signal }: StepContext): Promise<CheckResult> {
  if ((await units.look(KUBELET_UNIT, signal)) === null) return kubeletNotFound();
  if (spec.action === 'guard') return { ok: true, state: 'satisfied' };
  const installed = await readKubeletVersion(run, signal);
  if (installed === spec.version) return { ok: true, state: 'needed' };
  return stepFailure('wrong-version', `the kubelet on this host is ${installed || 'of no version that it tells'}, not ${spec.version}; install it in a packages step before this one`, 'kubelet');
}

async function capture(parts: Parts, context: StepContext): Promise<CaptureResult<Prior>> {
  const found = await captureKubelet(parts, context);
  return found.ok ? { ok: true, prior: { ...found.prior, state: await stateFiles(parts.places.kubelet) } } : found;
}

async function revert(parts: Parts, spec: KubeletSpec, prior: Prior, context: StepContext): Promise<StepResult> {
  if (!isUp(prior.unit)) return stopKubelet(parts.units, context);
  // The guard does it, once what the kubelet runs on is back.
  if (spec.action === 'restart') return STEP_OK;
  if ((await parts.units.look(KUBELET_UNIT, context.signal)) === null) return kubeletNotFound();
  // One that is still starting would write once more what is taken away here.
  const stopped = await stopKubelet(parts.units, context);
  if (!stopped.ok) return stopped;
  if (prior.state !== undefined) await removeNewState(parts.places.kubelet, prior.state);
  const restarted = await restartKubelet(parts.units, context);
  return restarted.ok ? proveKubelet(parts, asItWas(prior), looksAtKnown(spec), context) : restarted;
}
