import type { Clock } from '../../shared/ports/clock.ts';
import type { Logger } from '../../shared/ports/logger.ts';
import type { AuditFacts } from './audit-entry.ts';
import type { AuditLog } from './audit.ts';

/** An agent that is refused dials again every minute for years: the same refusal is written down once in so long. */
const SAME_AGAIN_MS = 600_000;
/** Forgotten beyond these, the oldest first: then one is written down sooner. */
const REMEMBERED_MAX = 10_000;

/** Refusals in the audit log, each once in ten minutes: nobody who is refused decides how fast it grows. */
export class RefusalLog {
  readonly #audit: AuditLog;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #writtenMs = new Map<string, number>();

  constructor(audit: AuditLog, clock: Clock, logger: Logger) {
    this.#audit = audit;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** Never rejects: refused is refused, and a store that is full must not make another error out of it. */
  async record(facts: AuditFacts): Promise<void> {
    const key = JSON.stringify(facts);
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - (this.#writtenMs.get(key) ?? -Infinity) < SAME_AGAIN_MS) return;
    this.#writtenMs.delete(key);
    this.#writtenMs.set(key, nowMs);
    if (this.#writtenMs.size > REMEMBERED_MAX) this.#writtenMs.delete(this.#writtenMs.keys().next().value ?? '');
    try {
      await this.#audit.append(facts);
    } catch (error) {
      this.#writtenMs.delete(key);
      this.#logger.error('a refusal could not be written to the audit log', { ...facts, error });
    }
  }
}
