import type { Envelope } from '../trust/envelope.ts';
import { decode, encode, farrier } from './protocol.ts';

/** An envelope's bytes, for the store and the wire. Proves nothing about its signatures. */
export function encodeEnvelope(envelope: Envelope): Buffer {
  return encode(farrier.Envelope, envelope);
}

/** @throws where the bytes are no envelope. */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  const { payload, payloadType, signatures } = decode(farrier.Envelope, bytes);
  return { payload, payloadType, signatures };
}
