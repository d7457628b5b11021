import { z } from 'zod';

import type { Clock } from '../../shared/ports/clock.ts';
import { verifyEnvelope } from '../../shared/trust/dsse.ts';
import type { Envelope } from '../../shared/trust/envelope.ts';
import { envelopeFromJson, envelopeToJson } from '../../shared/trust/envelope-json.ts';
import { TRUST_DOCUMENT_TYPE } from '../../shared/trust/payload-types.ts';
import { readTrustDocument, signTrustDocument, type TrustDocument } from '../../shared/trust/trust-document.ts';
import type { TrustedKey } from '../../shared/trust/trusted-key.ts';
import type { EventStore } from '../ports/event-store.ts';
import type { FleetKeys } from './fleet-keys.ts';
import { TRUST_DOCUMENT_LIFE_MS } from './lifetimes.ts';
import { listRevocations } from './revocations.ts';
import { updateRecord } from './update-record.ts';

const TRUST_RECORD = 'trust';

/** A lost tail of the store is a few versions; one compromised agent that claims more must not drive the number out of range. */
const JUMP_MAX = 1_000_000;

const TrustSchema = z.object({ version: z.number(), envelope: z.unknown() });

export interface TrustParts {
  readonly store: EventStore;
  readonly keys: FleetKeys;
  readonly clock: Clock;
}

/**
 * The fleet's trust document as it has to be now: the stored one where that still says the truth, else the next version,
 * stored before it is handed out. Call at start, after every revocation, and where an agent's hello names a higher version.
 * @param above the newest version that any agent has seen: a store that was restored from a backup has to get above it.
 */
export async function publishTrust({ store, keys, clock }: TrustParts, above = 0): Promise<Envelope> {
  const nowUnixMs = clock.wallUnixMs();
  const planKeys = [keys.planKey];
  const revoked = (await listRevocations(store)).filter(({ kind }) => kind !== 'enrollment').map(({ id }) => id);
  return await updateRecord(store, TRUST_RECORD, (value) => {
    const kept = value === null ? null : TrustSchema.parse(value);
    const envelope = kept === null ? null : envelopeFromJson(kept.envelope);
    const document = envelope === null ? null : openOwn(envelope, keys);
    const floor = above <= (kept?.version ?? 0) + JUMP_MAX ? above : 0;
    if (envelope !== null && document !== null && document.version >= floor && saysTheSame(document, planKeys, revoked, nowUnixMs)) {
      return { write: null, result: envelope };
    }
    const version = Math.max(kept?.version ?? 0, floor) + 1;
    const next = signTrustDocument(
      { fleet: keys.fleet, version, issuedUnixMs: nowUnixMs, expiresUnixMs: nowUnixMs + TRUST_DOCUMENT_LIFE_MS, planKeys, revoked },
      keys.rootKey,
    );
    return { write: { version, envelope: envelopeToJson(next) }, result: next };
  });
}

function openOwn(envelope: Envelope, keys: FleetKeys): TrustDocument | null {
  const verified = verifyEnvelope(envelope, [keys.rootKey], TRUST_DOCUMENT_TYPE);
  return verified.ok ? readTrustDocument(verified.payload) : null;
}

function saysTheSame(document: TrustDocument, planKeys: readonly TrustedKey[], revoked: readonly string[], nowUnixMs: number): boolean {
  const wanted = planKeys.map(({ keyid }) => keyid).filter((keyid) => !revoked.includes(keyid));
  const fresh = document.expiresUnixMs - nowUnixMs > TRUST_DOCUMENT_LIFE_MS / 2;
  return fresh && sameSet(document.planKeys.map(({ keyid }) => keyid), wanted) && sameSet(document.revoked, revoked);
}

function sameSet(one: readonly string[], other: readonly string[]): boolean {
  return new Set(one).size === new Set(other).size && one.every((item) => other.includes(item));
}
