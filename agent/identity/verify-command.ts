import { verifyEnvelope, type VerifiedEnvelope } from '../../shared/trust/dsse.ts';
import type { Envelope } from '../../shared/trust/envelope.ts';
import { failure, type Failure } from '../../shared/trust/failure.ts';
import type { PayloadType } from '../../shared/trust/payload-types.ts';
import type { TrustDocument } from '../../shared/trust/trust-document.ts';

export type VerifiedCommand = VerifiedEnvelope | Failure<'trust-expired'>;

/**
 * Whether a command is by a plan key of the trust document, and that document still speaks: one that expired may have been
 * frozen there by somebody who keeps the newer one, with its revocations, from this host (I11). What was begun under it
 * finishes or reverts all the same, by the digest in the journal.
 */
export function verifyCommand(trust: TrustDocument, envelope: Envelope, payloadType: PayloadType, nowUnixMs: number): VerifiedCommand {
  if (nowUnixMs < trust.expiresUnixMs) return verifyEnvelope(envelope, trust.planKeys, payloadType);
  const since = new Date(trust.expiresUnixMs).toISOString();
  return failure('trust-expired', `the trust document of this host expired at ${since} by its own clock, so no command is taken; it gets a new one when it reaches the coordinator, unless one of the clocks is wrong`);
}
