import { parseRecipient } from '../age/age-keys.ts';
import { field } from './field.ts';

const WHAT = 'it has to be the public half of a key, age1..., as `age-keygen` prints it';

/** What snapshots are sealed for. One that is mistyped would let every taking fail. No message repeats it: a secret key may have slipped in. */
export function recipient() {
  return field((input, { stop }): string => {
    if (typeof input !== 'string') return stop('wrong-type', WHAT);
    const parsed = parseRecipient(input);
    return parsed.ok ? parsed.recipient.text : stop('bad-name', `cannot be used: ${parsed.message}; ${WHAT}`);
  });
}
