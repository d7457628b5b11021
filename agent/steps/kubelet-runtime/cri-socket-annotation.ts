import type { KubeletRuntimeSpec } from '../../../shared/domain/steps/kubelet-runtime-spec.ts';
import type { Clock } from '../../../shared/ports/clock.ts';
import type { NodeAnnotations } from '../../ports/node-annotations.ts';
import { STEP_OK, type StepContext, type StepResult, stepFailure } from '../step.ts';
import { CRI_SOCKET_ANNOTATION } from './runtime-places.ts';

interface Parts {
  readonly annotations: NodeAnnotations;
  readonly clock: Clock;
}

const ASK_INTERVAL_MS = 1000;
/** Of the step's time: what is left to say why, before time itself is up. */
const LAST_WORDS_MS = 5000;

/** Where it is wrong. */
export async function setAnnotation({ annotations }: Parts, { endpoint }: KubeletRuntimeSpec, isWrong: (value: string | null) => boolean, { signal }: StepContext): Promise<StepResult> {
  const now = await annotations.read(CRI_SOCKET_ANNOTATION, signal);
  const why = !now.reached ? now.why : isWrong(now.value) ? await annotations.write(CRI_SOCKET_ANNOTATION, endpoint, signal) : '';
  return why === '' ? STEP_OK : stepFailure('api-unreachable', `the API server does not take the annotation ${CRI_SOCKET_ANNOTATION}: ${why}`, CRI_SOCKET_ANNOTATION);
}

/** Brings it back to what it was, as soon as the API server can be asked: on a control plane it has just begun to come up. */
export async function awaitAnnotation({ annotations, clock }: Parts, { timeoutMs }: KubeletRuntimeSpec, was: string | null, { signal }: StepContext): Promise<StepResult> {
  const deadlineMs = clock.monotonicMs() + timeoutMs - LAST_WORDS_MS;
  for (;;) {
    const now = await annotations.read(CRI_SOCKET_ANNOTATION, signal);
    if (now.reached && now.value === was) return STEP_OK;
    const why = now.reached ? await annotations.write(CRI_SOCKET_ANNOTATION, was, signal) : now.why;
    if (clock.monotonicMs() >= deadlineMs) return stepFailure('revert-failed', `the API server does not take back the annotation ${CRI_SOCKET_ANNOTATION}${why === '' ? '' : `: ${why}`}; by hand: kubectl annotate --overwrite node NODE ${CRI_SOCKET_ANNOTATION}${was === null ? '-' : `=${was}`}`, CRI_SOCKET_ANNOTATION);
    if (why !== '') await clock.sleep(ASK_INTERVAL_MS, signal);
  }
}
