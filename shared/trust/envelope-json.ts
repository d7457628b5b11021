import type { Envelope } from './envelope.ts';

/** DSSE's JSON form (envelope.md), for files and records. */
export interface EnvelopeJson {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

export function envelopeToJson(envelope: Envelope): EnvelopeJson {
  return {
    payload: envelope.payload.toString('base64'),
    payloadType: envelope.payloadType,
    signatures: envelope.signatures.map(({ keyid, sig }) => ({ keyid, sig: sig.toString('base64') })),
  };
}

/** @returns null where the value is no such envelope. Proves nothing about the signatures. */
export function envelopeFromJson(value: unknown): Envelope | null {
  if (!isObject(value)) return null;
  const payload = fromBase64(value['payload']);
  const payloadType = value['payloadType'];
  const entries = value['signatures'];
  if (payload === null || typeof payloadType !== 'string' || !Array.isArray(entries)) return null;
  const signatures = entries.map((entry: unknown) => {
    if (!isObject(entry)) return null;
    const sig = fromBase64(entry['sig']);
    const keyid = entry['keyid'] ?? '';
    return sig === null || typeof keyid !== 'string' ? null : { keyid, sig };
  });
  if (signatures.some((signature) => signature === null)) return null;
  return { payload, payloadType, signatures: signatures.filter((signature) => signature !== null) };
}

/** Both alphabets, as DSSE demands; stricter than Buffer.from, which skips what it does not know. */
function fromBase64(text: unknown): Buffer | null {
  if (typeof text !== 'string' || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(text)) return null;
  const bytes = Buffer.from(text, 'base64');
  const standard = text.replace(/-/g, '+').replace(/_/g, '/').replace(/=+$/, '');
  return bytes.toString('base64').replace(/=+$/, '') === standard ? bytes : null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
