import type { DecodeError } from './decoded.ts';
import { undecodable } from './decoded.ts';

/**
 * Collects the first wrong field of a decoded message, so that a decoder reads as a table of its fields.
 * The message stays usable for reading; only a check without an error may be trusted.
 */
export class FieldCheck {
  error: DecodeError | null = null;

  that(holds: boolean, field: string, message: string): void {
    if (!holds && this.error === null) this.error = undecodable('invalid-field', field, message).error;
  }

  /** 64-bit numbers arrive as doubles: past 2^53 they are no longer what was signed. */
  count(value: number, field: string, { min = 0, max = Number.MAX_SAFE_INTEGER } = {}): void {
    this.that(Number.isSafeInteger(value) && value >= min && value <= max, field, `is ${value}, which is not a whole number from ${min} to ${max}`);
  }

  text(value: string, field: string, pattern: RegExp): void {
    this.that(pattern.test(value), field, `is ${JSON.stringify(value.slice(0, 80))}, which does not match ${pattern}`);
  }
}

export const NOT_EMPTY = /^.{1,256}$/s;
export const DIGEST_PATTERN = /^[0-9a-f]{64}$/;
