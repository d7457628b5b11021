import type { Clock } from '../../../shared/ports/clock.ts';
import type { ApiServerAnswer, NodeTruth } from '../../ports/node-truth.ts';
import { STEP_OK, type StepContext, type StepResult, stepFailure } from '../step.ts';

/** So many times in a row, one look a second: its first yes was seen to be the old process' last one. */
const HELD_LOOKS = 10;
const LOOK_INTERVAL_MS = 1000;

export interface Held {
  /** As `1.34.2`; null: whatever it is. */
  readonly version: string | null;
  /** On the monotonic clock. */
  readonly deadlineMs: number;
}

/** Waits until the API server of this host says ten times in a row that it is ready; true at once where none runs here. */
export async function holdApiServer({ truth, clock }: { readonly truth: NodeTruth; readonly clock: Clock }, { version, deadlineMs }: Held, context: StepContext): Promise<StepResult> {
  for (let held = 0; ; ) {
    const answer = await truth.apiServer(context.signal);
    if (answer.kind === 'none') return STEP_OK;
    const problem = problemWith(answer, version);
    held = problem === '' ? held + 1 : 0;
    if (held === HELD_LOOKS) return STEP_OK;
    if (clock.monotonicMs() >= deadlineMs) return stepFailure('api-unready', `the API server of this host did not hold: ${problem || `ready ${held} times only`}`, 'kube-apiserver');
    await clock.sleep(LOOK_INTERVAL_MS, context.signal);
  }
}

function problemWith(answer: Exclude<ApiServerAnswer, { readonly kind: 'none' }>, version: string | null): string {
  if (answer.kind === 'unready') return answer.why;
  return version === null || answer.version === `v${version}` ? '' : `it says that it is ${answer.version}, not v${version}`;
}
