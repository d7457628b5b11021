/**
 * What a catalogue's folder holds that is no whole snapshot. None of it is ever passed over.
 *
 * record-torn          a record that cannot be read; the bytes beside it may be good
 * record-without-file  a record whose bytes are gone
 * size-changed         bytes that are longer or shorter than when they were written
 * file-without-record  bytes that nobody recorded: the agent died in between, or somebody put them there
 * half-deleted         a deletion that did not end: delete it again
 * half-written         what a taking that died left, or one that is still running has written until now
 * unknown-file         a name that is none of the catalogue's
 */
export interface CatalogueProblem {
  readonly code: 'record-torn' | 'record-without-file' | 'size-changed' | 'file-without-record' | 'half-deleted' | 'half-written' | 'unknown-file';
  readonly file: string;
  /** Cause and remedy. */
  readonly message: string;
}
