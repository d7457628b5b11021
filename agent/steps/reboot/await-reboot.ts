import { type StepContext, type StepFailure, stepFailure } from '../step.ts';
import type { BootParts } from './prove-boot.ts';

/** systemctl may be cut off by the very end of the host that it asked for, before this process hears of it. */
const REFUSAL_WAIT_MS = 3_000;

/** Asks for a reboot and waits for the host to go down: the work unit is then told to end, and it rejects with that reason. */
export async function awaitReboot({ boot, clock }: BootParts, context: StepContext): Promise<StepFailure> {
  const { stop, signal } = context;
  stop.throwIfAborted();
  const said = await boot.reboot(signal).catch((error: unknown) => String(error));
  if (said === '') await untilAborted(AbortSignal.any([stop, signal]));
  else await clock.sleep(REFUSAL_WAIT_MS, AbortSignal.any([stop, signal])).catch(() => undefined);
  stop.throwIfAborted();
  const why = said === '' ? 'systemd took the request, and the host did not go down in the step’s time' : `systemd did not reboot the host: ${said}`;
  return stepFailure('reboot-failed', `${why}; see systemctl list-jobs and systemd-inhibit on the host`);
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
