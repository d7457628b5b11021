import type { Clock } from '../../shared/ports/clock.ts';
import type { Logger } from '../../shared/ports/logger.ts';
import type { Random } from '../../shared/ports/random.ts';
import { backoffMs } from '../core/backoff.ts';
import type { SessionEnd } from './session.ts';

/** A session that lasted this long shows that the link works: the next failure is the first again. */
const STEADY_MS = 30_000;

/** Dials, serves a session, and dials again after a jittered wait, until aborted. Losing the link never changes the host. */
export async function stayConnected(
  serveOnce: (signal: AbortSignal) => Promise<SessionEnd>,
  parts: { readonly clock: Clock; readonly random: Random; readonly logger: Logger },
  signal: AbortSignal,
): Promise<void> {
  const { clock, random, logger } = parts;
  let failures = 0;
  while (!signal.aborted) {
    const startedMs = clock.monotonicMs();
    const end = await serveOnce(signal);
    if (signal.aborted) return;
    failures = clock.monotonicMs() - startedMs > STEADY_MS ? 1 : failures + 1;
    const waitMs = Math.max(end.retryAfterMs, backoffMs(failures, random.unit()));
    logger.warn('link is down', { why: end.why, remedy: end.remedy, retryInMs: waitMs, failures });
    await clock.sleep(waitMs, signal).catch(() => undefined);
  }
}
