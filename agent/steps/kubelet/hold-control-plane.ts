import type { OutcomeCode } from '../../../shared/domain/outcome.ts';
import type { Clock } from '../../../shared/ports/clock.ts';
import type { ApiServerAnswer, NodeTruth, StaticPodLook } from '../../ports/node-truth.ts';
import { STEP_OK, type StepContext, type StepFailure, type StepResult, stepFailure } from '../step.ts';
import { STATIC_PODS } from '../kubeadm/certificates.ts';
import { tagOf, VERSIONED_COMPONENTS } from '../kubeadm/manifests.ts';

/** So many times in a row, one look a second: its first yes was seen to be the old process' last one. */
const HELD_LOOKS = 10;
const LOOK_INTERVAL_MS = 1000;

export interface Held {
  /** As `1.34.2`; null: whatever it is. */
  readonly version: string | null;
  /** On the monotonic clock. */
  readonly deadlineMs: number;
}

/**
 * Waits until the API server of this host says ten times in a row that it is ready, and so are the static pods beside it;
 * true at once where none runs here. kubeadm was seen to end well with a controller-manager that had no image to run.
 */
export async function holdControlPlane({ truth, clock }: { readonly truth: NodeTruth; readonly clock: Clock }, { version, deadlineMs }: Held, context: StepContext): Promise<StepResult> {
  for (let held = 0; ; ) {
    const answer = await truth.apiServer(context.signal);
    if (answer.kind === 'none') return STEP_OK;
    const problem = problemWith(answer, version);
    held = problem === null ? held + 1 : 0;
    if (held === HELD_LOOKS) return STEP_OK;
    if (clock.monotonicMs() >= deadlineMs) return problem ?? fail('api-unready', 'kube-apiserver', `ready ${held} times only`);
    await clock.sleep(LOOK_INTERVAL_MS, context.signal);
  }
}

function problemWith(answer: Exclude<ApiServerAnswer, { readonly kind: 'none' }>, wanted: string | null): StepFailure | null {
  if (answer.kind === 'unready') return fail('api-unready', 'kube-apiserver', answer.why);
  const { version, pods } = answer;
  if (wanted !== null && version !== `v${wanted}`) return fail('api-unready', 'kube-apiserver', `it says that it is ${version}, not v${wanted}`);
  for (const component of STATIC_PODS) {
    const problem = podProblem(component, pods.find((pod) => pod.component === component), wanted);
    if (problem !== '') return fail('static-pod-stuck', component, problem);
  }
  return null;
}

/** Of a component that may be elsewhere, as etcd, nothing is asked where it has no pod here. */
function podProblem(component: string, pod: StaticPodLook | undefined, wanted: string | null): string {
  const isVersioned = VERSIONED_COMPONENTS.some((one) => one === component);
  if (pod === undefined) return isVersioned && wanted !== null ? 'the API server knows no pod of it on this host' : '';
  if (isVersioned && wanted !== null && tagOf(pod.image) !== `v${wanted}`) return `its pod is of ${pod.image}, not of v${wanted}`;
  return pod.ready ? '' : `its pod is not ready: ${pod.why || 'the kubelet does not say why'}`;
}

function fail(code: OutcomeCode, component: string, why: string): StepFailure {
  return stepFailure(code, `${component} of this host did not hold: ${why}`, component);
}
