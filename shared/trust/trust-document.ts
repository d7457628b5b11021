import { decode, encode, farrier } from '../wire/protocol.ts';
import { signEnvelope, verifyEnvelope } from './dsse.ts';
import type { Envelope } from './envelope.ts';
import { failure, type Failure } from './failure.ts';
import { TRUST_DOCUMENT_TYPE } from './payload-types.ts';
import type { SigningKey } from './signing-key.ts';
import { spkiOf, trustedKeyFromSpki, type TrustedKey } from './trusted-key.ts';

/** Whose plans a fleet obeys; signed by the root key that every agent pinned at enrollment. */
export interface TrustDocument {
  readonly fleet: string;
  /** Never goes down. */
  readonly version: number;
  readonly issuedUnixMs: number;
  readonly expiresUnixMs: number;
  /** Two of them while a rotation is under way. Revoked ones are not among them. */
  readonly planKeys: readonly TrustedKey[];
  /** Ids of keys, serials of certificates. */
  readonly revoked: readonly string[];
}

export type TrustCode = 'signature-invalid' | 'malformed' | 'wrong-fleet' | 'version-regressed' | 'expired';

export type VerifiedTrust = { readonly ok: true; readonly document: TrustDocument } | Failure<TrustCode>;

export interface TrustExpectation {
  readonly rootKey: TrustedKey;
  readonly fleet: string;
  /** The newest version seen; 0 before the first. */
  readonly versionFloor: number;
  readonly nowUnixMs: number;
}

export function signTrustDocument(document: TrustDocument, rootKey: SigningKey): Envelope {
  const { planKeys, revoked, ...rest } = document;
  const bytes = encode(farrier.TrustDocument, {
    ...rest,
    planKeys: planKeys.map((key) => ({ keyid: key.keyid, spki: spkiOf(key.publicKey) })),
    revoked: [...revoked],
  });
  return signEnvelope(TRUST_DOCUMENT_TYPE, bytes, rootKey);
}

/** An equal version is accepted: the same document is sent at every session. */
export function verifyTrustDocument(envelope: Envelope, expected: TrustExpectation): VerifiedTrust {
  const verified = verifyEnvelope(envelope, [expected.rootKey], TRUST_DOCUMENT_TYPE);
  if (!verified.ok) return failure('signature-invalid', `trust document: ${verified.message}`);
  const document = readTrustDocument(verified.payload);
  if (document === null) return failure('malformed', 'the trust document is signed but cannot be read; the coordinator may be newer than this agent by more than a minor');
  if (document.fleet !== expected.fleet) {
    return failure('wrong-fleet', `the trust document is of fleet ${document.fleet}, this host belongs to ${expected.fleet}`);
  }
  if (document.version < expected.versionFloor) {
    return failure('version-regressed', `the trust document has version ${document.version}, version ${expected.versionFloor} was seen before; an old one is being replayed, or the coordinator was restored from a backup`);
  }
  if (document.expiresUnixMs <= expected.nowUnixMs) {
    return failure('expired', `the trust document expired at ${new Date(document.expiresUnixMs).toISOString()}; the host gets a new one when it reaches the coordinator, unless one of the clocks is wrong`);
  }
  return { ok: true, document };
}

/** For bytes whose signature was verified. @returns null where they make no sense. */
export function readTrustDocument(payload: Uint8Array): TrustDocument | null {
  try {
    const { fleet, version, issuedUnixMs, expiresUnixMs, planKeys, revoked } = decode(farrier.TrustDocument, payload);
    if (![version, issuedUnixMs, expiresUnixMs].every(Number.isSafeInteger)) return null;
    const keys = planKeys.map((key) => trustedKeyFromSpki(key.spki)).filter((key) => !revoked.includes(key.keyid));
    return { fleet, version, issuedUnixMs, expiresUnixMs, planKeys: keys, revoked };
  } catch {
    return null;
  }
}
