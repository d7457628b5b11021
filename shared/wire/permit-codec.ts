import type { Digest } from '../domain/ids.ts';
import type { AssignmentHeader } from './assignment-codec.ts';
import { headerFromWire, headerOf } from './assignment-codec.ts';
import type { Decoded } from './decoded.ts';
import { decoded, undecodable } from './decoded.ts';
import { DIGEST_PATTERN, FieldCheck, NOT_EMPTY } from './field-check.ts';
import type { Permit__Output } from './generated/farrier/v1/Permit.d.ts';
import { decode, encode, farrier } from './protocol.ts';

/** Allows one thing: to journal `begin` for this digest, in answer to this request. */
export interface PermitSpec extends AssignmentHeader {
  readonly digest: Digest;
  readonly requestId: string;
  /** Counted on the agent's monotonic clock from when it sent the request. */
  readonly validForMs: number;
}

/** Payload of an envelope of type application/vnd.farrier.permit.v1+protobuf. */
export function encodePermit(permit: PermitSpec): Buffer {
  const { digest, requestId, validForMs } = permit;
  return encode(farrier.Permit, { ...headerOf(permit), digest, requestId, validForMs });
}

/** Only for bytes whose envelope was verified. Whether it answers the open request is the caller's to judge. */
export function decodePermit(bytes: Uint8Array): Decoded<PermitSpec> {
  let message: Permit__Output;
  try {
    message = decode(farrier.Permit, bytes);
  } catch (cause) {
    return undecodable('malformed', '', `not a permit: ${String(cause)}`);
  }
  const check = new FieldCheck();
  const header = headerFromWire(message, check);
  check.text(message.digest, 'digest', DIGEST_PATTERN);
  check.text(message.requestId, 'requestId', NOT_EMPTY);
  check.count(message.validForMs, 'validForMs', { min: 1 });
  if (check.error !== null) return { ok: false, error: check.error };
  return decoded({ ...header, digest: message.digest, requestId: message.requestId, validForMs: message.validForMs });
}
