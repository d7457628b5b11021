import type { Digest } from '../../shared/domain/ids.ts';
import type { Failure } from '../../shared/trust/failure.ts';

/**
 * unreachable             nobody answers, or only that it is busy, however often it was asked
 * destination-refused     its name leads to an address that an admin did not allow
 * redirected              it sends elsewhere, where nobody goes
 * credentials-unreadable  the file is not there, not for root and this coordinator alone, or holds no key
 * access-denied           the key may not do that
 * not-there               no such object, or no such bucket
 * other-object            something else lies under this key: nothing is overwritten
 * source-changed          what was read to be stored is not what was recorded
 * refused                 it says something else
 */
export type ObjectStoreCode = 'unreachable' | 'destination-refused' | 'redirected' | 'credentials-unreadable' | 'access-denied' | 'not-there' | 'other-object' | 'source-changed' | 'refused';

export type ObjectAnswer<T> = { readonly ok: true; readonly value: T } | Failure<ObjectStoreCode>;

/** What is to be stored; it can be read again and from any place, so that a put can go on where it was cut off. */
export interface ObjectSource {
  readonly sizeBytes: number;
  /** sha256 of all of it. */
  readonly digest: Digest;
  /** Exactly so many bytes. */
  read(from: number, length: number): Promise<Uint8Array>;
}

export interface StoredObject {
  readonly sizeBytes: number;
  /** As it was said when it was stored; null where it was not. */
  readonly digest: Digest | null;
}

export interface ListedObject {
  readonly key: string;
  readonly sizeBytes: number;
}

/** `to` is behind the last byte. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/** A place for objects outside: S3, and what speaks its language. What it keeps is there when it says so. */
export interface ObjectStore {
  /**
   * Stores all of it, or nothing. Goes on with what an attempt that was cut off left. Idempotent: the same bytes under the same
   * key are stored already; others are never overwritten.
   *
   * @param key is for these bytes alone: what holds a part of others is not told apart before the end
   */
  put(key: string, source: ObjectSource, signal: AbortSignal): Promise<ObjectAnswer<StoredObject>>;
  /** Null: nothing lies there. */
  head(key: string, signal: AbortSignal): Promise<ObjectAnswer<StoredObject | null>>;
  /** The bytes are not checked: whoever takes them knows their digest. Iterating throws where they break off. */
  get(key: string, range: ByteRange, signal: AbortSignal): Promise<ObjectAnswer<AsyncIterable<Uint8Array>>>;
  /** In the order of their keys. */
  list(prefix: string, signal: AbortSignal): Promise<ObjectAnswer<readonly ListedObject[]>>;
  /** Idempotent. */
  delete(key: string, signal: AbortSignal): Promise<ObjectAnswer<null>>;
}
