import type { Digest } from '../../shared/domain/ids.ts';
import type { SealedDigest, SizedDigest } from '../../shared/domain/snapshot.ts';

/** Where the bytes of a snapshot go, one chunk after the other. Whoever opened one ends it with `finish` or with `discard`. */
export interface SnapshotSink {
  /**
   * Resolves when there is room for the next chunk; the bytes of this one are the caller's again then.
   * @throws what the disk says, or the reason of the signal that it was opened with; then only `discard` is left.
   */
  write(chunk: Uint8Array): Promise<void>;
  /** sha256 of all that was written until now: what a snapshot says of itself at its end can be checked without hashing twice. */
  digestSoFar(): Digest;
  /** Nothing more comes. The file stands under its name, whole and durable, when this resolves. @throws as `write` does. */
  finish(): Promise<WrittenSnapshot>;
  /** Leaves nothing of it. Idempotent; does nothing after `finish`; never rejects. */
  discard(): Promise<void>;
}

export interface WrittenSnapshot {
  /** What was written to the sink. */
  readonly plain: SizedDigest;
  /** What lies on the disk; null where that are the very bytes that were written. */
  readonly sealed: SealedDigest | null;
}
