import type { Clock } from '../../shared/ports/clock.ts';
import type { Random } from '../../shared/ports/random.ts';
import { failure, type Failure } from '../../shared/trust/failure.ts';
import type { EventStore } from '../ports/event-store.ts';
import { TOKEN_PREFIX, type TokenRecord } from './token-record.ts';
import { hashTokenSecret } from './token-text.ts';

const DEFAULT_TTL_MS = 3_600_000;
const TTL_MAX_MS = 90 * 24 * 3_600_000;
const USES_MAX = 10_000;
const GLOB_PATTERN = /^[a-z0-9.*?-]+(\s*,\s*[a-z0-9.*?-]+)*$/;

/** What hosts that enroll with the token become. Zero, empty and absent mean: the default. */
export interface TokenOrder {
  /** 1 unless said otherwise. */
  readonly uses?: number;
  /** 1 hour unless said otherwise. */
  readonly ttlMs?: number;
  /** Globs of the names that hosts may ask for, separated by commas; any name unless said otherwise. */
  readonly names?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly cluster?: string;
  readonly zone?: string;
  readonly site?: string;
  readonly createdBy: string;
}

export type CreatedToken =
  | { readonly ok: true; /** Shown once. */ readonly token: string; readonly id: string; readonly expiresUnixMs: number }
  | Failure<'token-order-invalid'>;

export async function createToken({ store, clock, random }: { readonly store: EventStore; readonly clock: Clock; readonly random: Random }, order: TokenOrder): Promise<CreatedToken> {
  const uses = order.uses || 1;
  const ttlMs = order.ttlMs || DEFAULT_TTL_MS;
  const names = order.names || '*';
  if (!Number.isInteger(uses) || uses < 1 || uses > USES_MAX) return invalid(`uses must be a whole number from 1 to ${USES_MAX}, not ${uses}`);
  if (!(ttlMs > 0 && ttlMs <= TTL_MAX_MS)) return invalid(`the life of a token is at most ${TTL_MAX_MS / 86_400_000} days`);
  if (!GLOB_PATTERN.test(names)) return invalid(`names must be globs of node names (lower-case letters, digits, dots, dashes, * and ?), separated by commas, not ${JSON.stringify(names)}`);
  const id = Buffer.from(random.bytes(6)).toString('hex');
  const secret = Buffer.from(random.bytes(20)).toString('hex');
  const createdUnixMs = clock.wallUnixMs();
  const record: TokenRecord = {
    id,
    secretHash: hashTokenSecret(secret),
    uses,
    used: 0,
    usedBy: [],
    names,
    createdUnixMs,
    expiresUnixMs: createdUnixMs + ttlMs,
    labels: { ...order.labels },
    cluster: order.cluster ?? '',
    zone: order.zone ?? '',
    site: order.site ?? '',
    createdBy: order.createdBy,
  };
  const put = await store.putRecord(TOKEN_PREFIX + id, record, 0);
  // 48 random bits met themselves: a broken source of randomness, not bad luck.
  if (!put.ok) throw new Error(`token id ${id} exists already`);
  return { ok: true, token: `${id}.${secret}`, id, expiresUnixMs: record.expiresUnixMs };
}

function invalid(message: string): Failure<'token-order-invalid'> {
  return failure('token-order-invalid', message);
}
