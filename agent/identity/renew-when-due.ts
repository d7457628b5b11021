import type { Clock } from '../../shared/ports/clock.ts';
import type { Logger } from '../../shared/ports/logger.ts';
import type { Random } from '../../shared/ports/random.ts';
import type { AgentIdentity } from './load-identity.ts';
import { renewalDueUnixMs } from './renewal-due.ts';
import { renew } from './renew.ts';

/** Timers count to 24 days; looking this often also follows a clock that was set right. */
const LOOK_EVERY_MS = 3_600_000;
const AFTER_FAILURE_MS = 300_000;

export interface KeptIdentity {
  /**
   * What to dial with. A certificate that has expired is renewed first: the coordinator's TLS would end the connection without
   * saying why. `expired` names what stood in the way, and is empty where the certificate is fresh.
   */
  readonly forDialling: () => Promise<{ readonly identity: AgentIdentity; readonly expired: string }>;
  readonly ended: Promise<void>;
}

/** Keeps the host's certificate fresh until aborted. */
export function renewWhenDue(
  settings: { readonly stateDir: string; readonly enrollment: string | null },
  first: AgentIdentity,
  parts: { readonly clock: Clock; readonly random: Random; readonly logger: Logger },
  signal: AbortSignal,
): KeptIdentity {
  const { clock, random, logger } = parts;
  const jitter = random.unit();
  let identity = first;
  let underWay: Promise<string> | null = null;

  /** One attempt, however many ask for it. @returns why it failed; empty where it did not. */
  const attempt = async (): Promise<string> => {
    underWay ??= renewNow().finally(() => {
      underWay = null;
    });
    return await underWay;
  };
  const renewNow = async (): Promise<string> => {
    const renewed = await renew(settings.stateDir, settings.enrollment, signal);
    if (!renewed.ok) {
      if (!signal.aborted) logger.warn('certificate not renewed', { code: renewed.code, why: renewed.message, retryInMs: AFTER_FAILURE_MS });
      return renewed.message;
    }
    identity = renewed.identity;
    logger.info('certificate renewed', { until: textOf(identity.notAfterUnixMs) });
    return '';
  };
  const keep = async (): Promise<void> => {
    while (!signal.aborted) {
      const failed = clock.wallUnixMs() >= renewalDueUnixMs(identity, jitter) && (await attempt()) !== '';
      await clock.sleep(failed ? AFTER_FAILURE_MS : LOOK_EVERY_MS, signal).catch(() => undefined);
    }
  };
  const forDialling = async (): Promise<{ readonly identity: AgentIdentity; readonly expired: string }> => {
    if (clock.wallUnixMs() < identity.notAfterUnixMs) return { identity, expired: '' };
    const since = textOf(identity.notAfterUnixMs);
    logger.warn('the certificate of this host has expired; it is renewed before the coordinator is dialled', { since });
    const why = await attempt();
    return { identity, expired: why === '' ? '' : `the certificate of this host expired at ${since} and was not renewed: ${why}` };
  };
  return { forDialling, ended: keep() };
}

function textOf(unixMs: number): string {
  return new Date(unixMs).toISOString();
}
