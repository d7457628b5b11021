import type { JournalRecord } from '../../shared/domain/journal-record.ts';

/** The log of one node: its journal as it was reported, each record once. */
export type NodeEvent =
  | { readonly type: 'report'; readonly record: JournalRecord; readonly receivedUnixMs: number }
  | { readonly type: 'report-unread'; readonly report: UnreadReport; readonly receivedUnixMs: number };

/**
 * A record that this version cannot read: of a kind that only a newer agent knows. It tells nothing, so whatever it ended
 * stays as it was, its slot included; but it was received, and the agent need not send it again.
 */
export interface UnreadReport {
  readonly kind: 'unread';
  readonly journalId: string;
  readonly sequence: number;
  /** What could not be read. */
  readonly why: string;
}
