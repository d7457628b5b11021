import { sign, verify } from 'node:crypto';

import { preAuthenticationEncoding, type Envelope } from './envelope.ts';
import { failure, type Failure } from './failure.ts';
import type { PayloadType } from './payload-types.ts';
import type { SigningKey } from './signing-key.ts';
import type { TrustedKey } from './trusted-key.ts';

/** More can only be an attempt to burn time: each is tried against each key. */
const SIGNATURES_MAX = 16;

export type EnvelopeCode = 'payload-type-mismatch' | 'unsigned' | 'too-many-signatures' | 'signature-invalid';

export type VerifiedEnvelope = { readonly ok: true; readonly payload: Buffer } | Failure<EnvelopeCode>;

/** Signs exactly these bytes. Several keys sign side by side, as a rotation needs it. */
export function signEnvelope(payloadType: PayloadType, payload: Uint8Array, ...keys: readonly [SigningKey, ...SigningKey[]]): Envelope {
  const signed = preAuthenticationEncoding(payloadType, payload);
  return {
    payload: Buffer.from(payload),
    payloadType,
    signatures: keys.map((key) => ({ keyid: key.keyid, sig: sign(null, signed, key.privateKey) })),
  };
}

/** Decode nothing but the payload that this returns. One signature by a trusted key is enough. */
export function verifyEnvelope(envelope: Envelope, trustedKeys: readonly TrustedKey[], expectedPayloadType: PayloadType): VerifiedEnvelope {
  const { payload, payloadType, signatures } = envelope;
  if (payloadType !== expectedPayloadType) {
    return failure('payload-type-mismatch', `the envelope carries ${JSON.stringify(payloadType.slice(0, 100))}, expected was ${expectedPayloadType}`);
  }
  if (signatures.length === 0) return failure('unsigned', 'the envelope carries no signature; nothing unsigned is acted on');
  if (signatures.length > SIGNATURES_MAX) {
    return failure('too-many-signatures', `the envelope carries ${signatures.length} signatures, at most ${SIGNATURES_MAX} are looked at`);
  }
  const signed = preAuthenticationEncoding(payloadType, payload);
  // The keyid is a hint that nobody signed (DSSE protocol.md): with the few keys of a fleet it is not worth a look.
  if (signatures.some(({ sig }) => trustedKeys.some((key) => verify(null, signed, key.publicKey, sig)))) return { ok: true, payload };
  return failure('signature-invalid', `no signature is by a trusted key (${trustedKeys.map(shortId).join(', ') || 'none is trusted'}), or the content was changed`);
}

function shortId(key: TrustedKey): string {
  return key.keyid.slice(0, 12);
}
