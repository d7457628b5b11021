import type { JournalRecord } from '../../shared/domain/journal-record.ts';

/** Reports sent and not yet acknowledged; what lies beyond waits in the journal. */
const UNACKNOWLEDGED_MAX = 128;

/**
 * Decides which journal records to send next. The journal is the queue: nothing is kept here but positions, and what
 * was not acknowledged is sent again in the next session.
 */
export class ReportPump {
  #sent = 0;
  #acknowledged = 0;

  /** @param held the last sequence that the coordinator holds of *this* journal; 0 where it holds another or none. */
  constructor(held: number) {
    this.#sent = held;
    this.#acknowledged = held;
  }

  acknowledge(sequence: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, sequence);
  }

  /** @param records the journal in order. @returns those to send now; they count as sent from here on. */
  next(records: readonly JournalRecord[]): readonly JournalRecord[] {
    const room = UNACKNOWLEDGED_MAX - (this.#sent - this.#acknowledged);
    const due = records.filter((record) => record.sequence > this.#sent).slice(0, Math.max(0, room));
    this.#sent = due.at(-1)?.sequence ?? this.#sent;
    return due;
  }
}
