import { field } from './field.ts';
import { expected } from './section.ts';

/** `true` or `false` and nothing that only looks like it. */
export function truth() {
  return field((input, { stop }): boolean => {
    if (typeof input === 'boolean') return input;
    return stop(input === undefined ? 'missing' : 'wrong-type', expected(input, 'true or false'));
  });
}
