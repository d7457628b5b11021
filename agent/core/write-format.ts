/** Formats of the journal as one version of the agent knows them; formats below are known as well. */
export interface JournalFormats {
  readonly reads: number;
  /** Never above what the version one minor before reads. */
  readonly writes: number;
  /** What a version writes before it is proved: never above what the version before it writes. */
  readonly writesUnproved: number;
}

export const JOURNAL_FORMATS: JournalFormats = { reads: 1, writes: 1, writesUnproved: 1 };

/**
 * The format to write. Until a session of this very version proved it, the one before may come back and has to read all that
 * was written meanwhile.
 */
export function writeFormat({ writes, writesUnproved }: JournalFormats, version: string, provedVersion: string | null): number {
  return version === provedVersion ? writes : writesUnproved;
}
