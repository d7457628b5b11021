import type { Clock } from '../../shared/ports/clock.ts';
import { failure, type Failure } from '../../shared/trust/failure.ts';
import type { EventStore } from '../ports/event-store.ts';
import { matchesNameGlob } from './matches-name-glob.ts';
import { readTokenRecord, TOKEN_PREFIX, type TokenRecord } from './token-record.ts';
import { isTokenSecret, parseTokenText } from './token-text.ts';
import { updateRecord, type RecordChange } from './update-record.ts';

/** A retry comes soon after the first attempt; more than these need not be remembered. */
const REMEMBERED_USES_MAX = 100;
const NEW_TOKEN = 'an operator makes a new one with `farrier token create`';

export type TokenCode = 'token-malformed' | 'token-unknown' | 'token-expired' | 'token-used-up' | 'token-name-mismatch';

/** `id`: of a token whose secret was shown, though it is not taken; null where none was. */
export type TokenClaim = { readonly ok: true; readonly token: TokenRecord } | (Failure<TokenCode> & { readonly id: string | null });

export interface TokenUse {
  readonly token: string;
  /** The name that the host asks for. */
  readonly node: string;
  /** Of the host's new key: one key uses a token once, however often it asks. */
  readonly keyHash: string;
}

/** Takes one use, durably, before anything is issued. Who does not know the secret learns nothing but `token-unknown`. */
export async function claimToken({ store, clock }: { readonly store: EventStore; readonly clock: Clock }, use: TokenUse): Promise<TokenClaim> {
  const text = parseTokenText(use.token);
  if (text === null) return { ...failure('token-malformed', 'the token is not of the form <12 hex digits>.<40 hex digits>; copy the whole of it'), id: null };
  const nowUnixMs = clock.wallUnixMs();
  return await updateRecord(store, TOKEN_PREFIX + text.id, (value) => {
    const token = value === null ? null : readTokenRecord(value);
    if (!isTokenSecret(text.secret, token?.secretHash ?? '') || token === null) {
      return { write: null, result: { ...failure('token-unknown', `no token ${text.id} with this secret is known here; ${NEW_TOKEN}`), id: null } };
    }
    return useToken(token, use, nowUnixMs);
  });
}

/** Pure. */
function useToken(token: TokenRecord, { node, keyHash }: TokenUse, nowUnixMs: number): RecordChange<TokenClaim> {
  const refuse = (code: TokenCode, message: string): RecordChange<TokenClaim> => ({ write: null, result: { ...failure(code, message), id: token.id } });
  if (nowUnixMs >= token.expiresUnixMs) {
    return refuse('token-expired', `token ${token.id} expired at ${new Date(token.expiresUnixMs).toISOString()}; ${NEW_TOKEN}`);
  }
  if (!matchesNameGlob(node, token.names)) {
    return refuse('token-name-mismatch', `token ${token.id} is for nodes named ${token.names}, not for ${node}; enroll with --name, or ask for another token`);
  }
  if (token.usedBy.includes(keyHash)) return { write: null, result: { ok: true, token } };
  if (token.used >= token.uses) {
    return refuse('token-used-up', `token ${token.id} was good for ${token.uses} ${token.uses === 1 ? 'use' : 'uses'} and has had them; ${NEW_TOKEN}`);
  }
  const usedBy = [...token.usedBy, keyHash].slice(-REMEMBERED_USES_MAX);
  return { write: { ...token, used: token.used + 1, usedBy }, result: { ok: true, token } };
}
