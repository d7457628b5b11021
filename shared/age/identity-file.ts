import { type Failure, failure } from '../trust/failure.ts';
import { type Identity, type KeyFailure, parseIdentity } from './age-keys.ts';

/**
 * Every key of a file as age-keygen writes it: one a line, and comments behind `#`. All of it or nothing, for a key that was passed
 * over is missed when it is needed. No message repeats a line.
 */
export function parseIdentityFile(text: string): { readonly ok: true; readonly identities: readonly Identity[] } | KeyFailure | Failure<'no-key'> {
  const identities: Identity[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line === '' || line.startsWith('#')) continue;
    const parsed = parseIdentity(line);
    if (!parsed.ok) return { ...parsed, message: `line ${index + 1}: ${parsed.message}` };
    identities.push(parsed.identity);
  }
  return identities.length === 0 ? failure('no-key', 'it holds no key: a line with AGE-SECRET-KEY-1... is missing') : { ok: true, identities };
}
