import type { Digest, Epoch, Generation, RolloutId } from './ids.ts';
import type { OutcomeCode } from './outcome.ts';

export const RECORD_KINDS = ['accepted', 'stage', 'permit', 'begin', 'prior', 'applied', 'verified', 'reverting', 'reverted', 'done', 'refused'] as const;

export type RecordKind = (typeof RECORD_KINDS)[number];

/** Whole-sequence records carry this instead of a step's index. */
export const WHOLE_SEQUENCE = -1;

/**
 * One line of an agent's journal, and, less the file's checksum, one report.
 *
 * accepted  the assignment was verified and stored; payloadDigest is that of its envelope
 * stage     step: that step is staged or failed to; WHOLE_SEQUENCE: everything is staged
 * permit    a permit was verified; payloadDigest is that of its envelope
 * begin     step, attempt: about to change the host
 * prior     step: what revert needs lies in a file with payloadDigest
 * applied   step: apply returned (outcome `ok`, `satisfied` where check found nothing to do; its message is what the step had to tell)
 * verified  step: verify saw it; its message as that of `applied`
 * reverting step, attempt: about to revert
 * reverted  step: put back and seen; WHOLE_SEQUENCE: terminal, every begun step is put back; outcome says why
 * done      terminal, WHOLE_SEQUENCE; its message is what all steps had to tell
 * refused   terminal, WHOLE_SEQUENCE: nothing was begun (recalled, invalid, store-regressed ...), or, with the code
 *           `needs-a-person` or `past-no-return`, what was begun can neither finish nor revert: the slot stays taken
 */
export interface JournalRecord {
  readonly format: number;
  /** Random per journal; with `sequence` the key of a report. */
  readonly journalId: string;
  /** 1, 2, 3 ... within the journal, without holes. */
  readonly sequence: number;
  readonly kind: RecordKind;
  readonly rollout: RolloutId;
  readonly generation: Generation;
  readonly epoch: Epoch;
  /** Of the assignment's action bytes. */
  readonly digest: Digest;
  readonly step: number;
  readonly stepName: string;
  readonly attempt: number;
  readonly payloadDigest: Digest | '';
  readonly bootId: string;
  readonly monotonicMs: number;
  readonly wallUnixMs: number;
  readonly outcome: Outcome | null;
}

export interface Outcome {
  readonly code: OutcomeCode;
  /** One line for a person: cause and remedy; redacted before it leaves the host. */
  readonly message: string;
  /** The package, unit or path that failed or blocks; may be empty. */
  readonly object: string;
}

export const OK: Outcome = { code: 'ok', message: '', object: '' };
