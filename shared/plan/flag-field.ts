import { field } from './field.ts';
import { expected } from './section.ts';

const WHAT = 'true or false';

/** YAML 1.2 reads `yes` and `on` as text: what was meant is said back. */
export function yesOrNo() {
  return field((input, { stop }): boolean => {
    if (typeof input === 'boolean') return input;
    return stop(input === undefined ? 'missing' : 'wrong-type', expected(input, WHAT));
  });
}
