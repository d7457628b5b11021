/**
 * journal-broken   a line in the middle does not hold: what was done to the host is not known, so nothing may be done
 * journal-format   written by a newer agent
 * journal-missing  the journal's id is there, its records are not
 * journal-locked   another process writes to it
 */
export interface JournalError {
  readonly code: 'journal-broken' | 'journal-format' | 'journal-missing' | 'journal-locked';
  readonly path: string;
  /** Counts from 1; 0 for the whole file. */
  readonly line: number;
  readonly message: string;
  readonly remedy: string;
}
