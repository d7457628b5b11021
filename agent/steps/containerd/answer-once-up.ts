import { CONTAINERD_UNIT } from '../../../shared/domain/steps/containerd-spec.ts';
import { isUp } from '../prove-unit.ts';
import type { StepContext } from '../step.ts';
import type { ContainerdProofParts } from './prove-containerd.ts';

const UP_WITHIN_MS = 10_000;
const ASK_EVERY_MS = 500;

/** Reads only. A CRI whose unit runs may still be on its way up, as right after packages: it is asked again for a while. @returns whether it is ready */
export async function answerOnceUp({ units, clock, criAt }: ContainerdProofParts, endpoint: string, { signal }: StepContext): Promise<boolean> {
  const untilMs = clock.monotonicMs() + UP_WITHIN_MS;
  for (;;) {
    const answer = await criAt(endpoint).look(signal);
    if (answer.reached && answer.ready) return true;
    const unit = await units.look(CONTAINERD_UNIT, signal);
    if (unit === null || !isUp(unit) || clock.monotonicMs() >= untilMs) return false;
    await clock.sleep(ASK_EVERY_MS, signal);
  }
}
