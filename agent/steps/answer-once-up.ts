import type { Clock } from '../../shared/ports/clock.ts';
import type { Cri } from '../ports/cri.ts';
import type { Units } from '../ports/units.ts';
import { isUp } from './prove-unit.ts';
import type { StepContext } from './step.ts';

const UP_WITHIN_MS = 10_000;
const ASK_EVERY_MS = 500;

interface Parts {
  readonly units: Pick<Units, 'look'>;
  readonly clock: Clock;
}

/** Reads only. A CRI whose unit runs may still be on its way up, as right after packages: it is asked again for a while. @returns whether it is ready */
export async function answerOnceUp({ units, clock }: Parts, { unit, cri }: { readonly unit: string; readonly cri: Pick<Cri, 'look'> }, { signal }: StepContext): Promise<boolean> {
  const untilMs = clock.monotonicMs() + UP_WITHIN_MS;
  for (;;) {
    const answer = await cri.look(signal);
    if (answer.reached && answer.ready) return true;
    const look = await units.look(unit, signal);
    if (look === null || !isUp(look) || clock.monotonicMs() >= untilMs) return false;
    await clock.sleep(ASK_EVERY_MS, signal);
  }
}
