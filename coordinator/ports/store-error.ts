/** What a store refuses or fails with. `message` names the cause, `remedy` what a person does about it. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;
  readonly remedy: string;
  /** The same call may succeed later without anybody doing anything. */
  readonly retryable: boolean;

  constructor(code: StoreErrorCode, message: string, remedy: string, options: { readonly retryable?: boolean; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'StoreError';
    this.code = code;
    this.remedy = remedy;
    this.retryable = options.retryable ?? false;
  }
}

/** Nothing of the write was kept, and what is in memory still holds: the same write may be tried again when there is room. */
export function isStoreFull(error: unknown): error is StoreError {
  return error instanceof StoreError && error.code === 'store-full';
}

export type StoreErrorCode =
  /** Another process holds the data folder. */
  | 'store-locked'
  /** Written by a newer Farrier. */
  | 'store-newer-format'
  /** Not a store of Farrier's at all. */
  | 'store-foreign'
  | 'store-corrupt'
  /** No room left; nothing of the call was kept. */
  | 'store-full'
  /** Failed in the middle of a write: what became of it shows only after a restart. */
  | 'store-failed'
  | 'store-closed'
  /** The server does not answer; whether a write arrived is not known. */
  | 'store-unreachable'
  /** The server answers, but cannot or must not hold a store. */
  | 'store-unfit'
  /** Larger than the engine takes in one piece. */
  | 'store-too-large';
