import type { UnitLook } from '../../ports/units.ts';
import { type StepContext, type StepFailure, type StepResult, STEP_OK, stepFailure } from '../step.ts';
import { KUBELET_UNIT, type KubeletParts, type KubeletWanted, runtimeOf } from './prove-kubelet.ts';

/** The kubelet as it was found. */
export interface KubeletPrior {
  readonly unit: UnitLook;
  /** What the API server had of it; null where it did not say. */
  readonly node: { readonly version: string; /** Absent where the journal is of an agent that did not look. */ readonly runtime?: string | null; readonly ready: boolean } | null;
}

/** Going back, an API server that is silent is waited for no longer than this: the host must get there without it. */
const API_SILENT_MS = 15_000;

export async function captureKubelet({ units, truth }: KubeletParts, context: StepContext): Promise<{ readonly ok: true; readonly prior: KubeletPrior } | StepFailure> {
  const unit = await units.look(KUBELET_UNIT, context.signal);
  if (unit === null) return kubeletNotFound();
  const answer = await truth.node(context.signal);
  return { ok: true, prior: { unit, node: answer.reached ? { version: answer.node.kubeletVersion, runtime: runtimeOf(answer.node.runtimeVersion), ready: answer.node.ready } : null } };
}

/** What a revert has to bring back: what was not ready before need not be now. */
export function asItWas({ node }: KubeletPrior): KubeletWanted {
  return { version: node?.version.replace(/^v/, '') ?? null, runtime: node?.runtime ?? null, ready: node?.ready === true, apiSilentMs: API_SILENT_MS };
}

/** The process that runs now is another one than was found. After a boot it may be none yet, which its proof waits for. */
export async function wasRestarted({ units }: KubeletParts, { unit }: KubeletPrior, context: StepContext): Promise<StepResult> {
  const now = await units.look(KUBELET_UNIT, context.signal);
  if (now === null) return kubeletNotFound();
  return context.bootedSince || (now.startedMs !== unit.startedMs && now.mainPid !== 0) ? STEP_OK : stepFailure('verify-failed', `${KUBELET_UNIT} was not restarted`, KUBELET_UNIT);
}

export function kubeletNotFound(): StepFailure {
  return stepFailure('unit-not-found', `systemd knows no unit ${KUBELET_UNIT} that could run; install the kubelet, and see that its unit is not masked`, KUBELET_UNIT);
}
