import type { Generation } from '../../shared/domain/ids.ts';
import type { JournalRecord } from '../../shared/domain/journal-record.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { Logger } from '../../shared/ports/logger.ts';
import { agentDuty } from '../core/agent-duty.ts';
import type { WorkMode, WorkUnits } from '../ports/work-units.ts';

/** Doubled each time that a unit ends and leaves no record: what it dies of will not be gone in a moment. */
const FIRST_WAIT_MS = 5_000;
const WAIT_MAX_MS = 300_000;

/** Starts the work unit that the journal calls for, where none runs. What waits for a permit or a person waits. */
export class WorkDriver {
  readonly #units: WorkUnits;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** Where the journal stood when a unit was started last, and how often in a row it stood there. */
  #place = '';
  #starts = 0;
  #notBeforeMs = 0;

  constructor(units: WorkUnits, { clock, logger }: { readonly clock: Clock; readonly logger: Logger }) {
    this.#units = units;
    this.#clock = clock;
    this.#logger = logger;
  }

  async drive(records: readonly JournalRecord[]): Promise<void> {
    // systemd is asked only where there is work: an idle host starts no program every few seconds.
    const duty = agentDuty(records, null);
    if (duty.kind !== 'start-work') return;
    const place = `${duty.generation} ${duty.mode} ${records.at(-1)?.sequence ?? 0}`;
    const nowMs = this.#clock.monotonicMs();
    if (place === this.#place && nowMs < this.#notBeforeMs) return;
    if ((await this.#units.running()) !== null) return;
    this.#starts = place === this.#place ? this.#starts + 1 : 1;
    this.#place = place;
    this.#notBeforeMs = nowMs + Math.min(WAIT_MAX_MS, FIRST_WAIT_MS * 2 ** (this.#starts - 1));
    await this.start(duty.generation, duty.mode);
  }

  async start(generation: Generation, mode: WorkMode): Promise<void> {
    const said = await this.#units.start(generation, mode);
    if (said === '') this.#logger.info('work unit started', { generation, mode });
    else this.#logger.error('systemd did not start the work unit', { generation, mode, said });
  }
}
