/** What came of bytes that somebody else wrote. */
export type Decoded<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: DecodeError };

/**
 * malformed            the bytes are no such message
 * unknown-step-kind    a step of a kind that this version does not know, written by a newer one
 * unknown-action       the same for an assignment's action
 * unknown-record-kind  the same for a report's kind
 * invalid-field        a field is missing or outside what it may hold; `field` names it
 */
export interface DecodeError {
  readonly code: 'malformed' | 'unknown-step-kind' | 'unknown-action' | 'unknown-record-kind' | 'invalid-field';
  /** `steps[2].install[0].version`; empty for the whole message. */
  readonly field: string;
  readonly message: string;
}

export function decoded<T>(value: T): Decoded<T> {
  return { ok: true, value };
}

export function undecodable(code: DecodeError['code'], field: string, message: string): { readonly ok: false; readonly error: DecodeError } {
  return { ok: false, error: { code, field, message } };
}
