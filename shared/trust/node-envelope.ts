import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

import type { VerifiedEnvelope } from './dsse.ts';
import { preAuthenticationEncoding, type Envelope } from './envelope.ts';
import { failure } from './failure.ts';
import type { SNAPSHOT_PROOF_TYPE } from './payload-types.ts';
import { spkiOf } from './trusted-key.ts';

/** What nodes sign. It is none of what the fleet's keys sign: a node orders nothing. */
export type NodePayloadType = typeof SNAPSHOT_PROOF_TYPE;

/** Signs exactly these bytes with the key of the node's certificate (P-256). @param keyPem PKCS #8 */
export function signNodeEnvelope(payloadType: NodePayloadType, payload: Uint8Array, keyPem: string): Envelope {
  const key = createPrivateKey(keyPem);
  const keyid = createHash('sha256').update(spkiOf(createPublicKey(key))).digest('hex');
  return { payload: Buffer.from(payload), payloadType, signatures: [{ keyid, sig: sign('sha256', preAuthenticationEncoding(payloadType, payload), key) }] };
}

/**
 * Decode nothing but the payload that this returns. It takes one signature: a node has one key, and signs for itself.
 *
 * @param publicKey of the node's certificate, which the caller has found valid
 */
export function verifyNodeEnvelope({ payload, payloadType, signatures }: Envelope, publicKey: KeyObject, expectedPayloadType: NodePayloadType): VerifiedEnvelope {
  if (payloadType !== expectedPayloadType) return failure('payload-type-mismatch', `the envelope carries ${JSON.stringify(payloadType.slice(0, 100))}, expected was ${expectedPayloadType}`);
  const [signature, ...others] = signatures;
  if (signature === undefined) return failure('unsigned', 'the envelope carries no signature; nothing unsigned is believed');
  if (others.length > 0) return failure('too-many-signatures', `the envelope carries ${signatures.length} signatures, and a node signs once`);
  const holds = publicKey.asymmetricKeyType === 'ec' && verify('sha256', preAuthenticationEncoding(payloadType, payload), publicKey, signature.sig);
  return holds ? { ok: true, payload } : failure('signature-invalid', 'the signature is not by the key of this node\'s certificate, or the content was changed');
}
