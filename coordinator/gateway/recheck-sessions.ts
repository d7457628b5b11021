import type { Clock } from '../../shared/ports/clock.ts';
import type { Logger } from '../../shared/ports/logger.ts';

/** So long at most does an open session outlive its certificate, or a revocation that this coordinator did not make itself. */
const RECHECK_EVERY_MS = 300_000;

/** Until aborted. A store that does not answer ends nobody's session: what matters is asked again next time. */
export async function recheckSessions(
  sessions: { recheck(): Promise<void>; spreadTrust(): Promise<void> },
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await clock.sleep(RECHECK_EVERY_MS, signal).catch(() => undefined);
    if (signal.aborted) return;
    await sessions.recheck().catch((error: unknown) => logger.error('sessions were not authenticated anew', { error }));
    await sessions.spreadTrust().catch((error: unknown) => logger.error('the trust document was not handed out anew', { error }));
  }
}
