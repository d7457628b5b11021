/** DSSE (secure-systems-lab/dsse, envelope.md); assignable to and from the message Envelope of farrier.v1, hence the mutable array. */
export interface Envelope {
  readonly payload: Buffer;
  readonly payloadType: string;
  readonly signatures: EnvelopeSignature[];
}

interface EnvelopeSignature {
  /** A hint for the lookup only: it is not signed. */
  readonly keyid: string;
  readonly sig: Buffer;
}

/** DSSE protocol.md, "PAE": length-prefixed, so that no two pairs of type and payload have the same encoding. */
export function preAuthenticationEncoding(payloadType: string, payload: Uint8Array): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.byteLength} `;
  return Buffer.concat([Buffer.from(head), payload]);
}
