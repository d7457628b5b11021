import fc from 'fast-check';
import { expect, test } from 'vitest';

import { signEnvelope, verifyEnvelope } from '../../shared/trust/dsse.ts';
import { envelopeFromJson, envelopeToJson } from '../../shared/trust/envelope-json.ts';
import { ASSIGNMENT_TYPE } from '../../shared/trust/payload-types.ts';
import { generateSigningKey } from '../../shared/trust/signing-key.ts';

const key = generateSigningKey();

function flipBit(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  const index = (bit >> 3) % copy.length;
  copy[index] = (copy[index] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

test('never accepted: an envelope with one bit of payload, type or signature flipped', () => {
  const part = fc.constantFrom('payload', 'payloadType', 'sig');
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), part, fc.nat(5_000), (bytes, where, bit) => {
      const good = signEnvelope(ASSIGNMENT_TYPE, bytes, key);
      expect(verifyEnvelope(good, [key], ASSIGNMENT_TYPE).ok).toBe(true);
      const bad = {
        payload: where === 'payload' ? flipBit(good.payload, bit) : good.payload,
        payloadType: where === 'payloadType' ? flipBit(Buffer.from(good.payloadType), bit).toString('latin1') : good.payloadType,
        signatures: good.signatures.map(({ keyid, sig }) => ({ keyid, sig: where === 'sig' ? flipBit(sig, bit) : sig })),
      };
      expect(verifyEnvelope(bad, [key], ASSIGNMENT_TYPE).ok).toBe(false);
    }),
    { numRuns: 500 },
  );
});

test('never changes the answer: the keyid', () => {
  fc.assert(
    fc.property(fc.string(), (keyid) => {
      const good = signEnvelope(ASSIGNMENT_TYPE, Buffer.from('x'), key);
      expect(verifyEnvelope({ ...good, signatures: good.signatures.map(({ sig }) => ({ keyid, sig })) }, [key], ASSIGNMENT_TYPE).ok).toBe(true);
    }),
  );
});

test('never throws, never accepted: JSON with one character changed', () => {
  const text = JSON.stringify(envelopeToJson(signEnvelope(ASSIGNMENT_TYPE, Buffer.from('upgrade web1, please'), key)));
  const hint = { from: text.indexOf(key.keyid) - 9, to: text.indexOf(key.keyid) + key.keyid.length + 1 };
  let read = 0;
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (index, character) => {
      fc.pre(urlSafe(text[index] ?? '') !== urlSafe(character) && (index < hint.from || index > hint.to));
      const envelope = fromText(text.slice(0, index) + character + text.slice(index + 1));
      if (envelope === null) return;
      read += 1;
      expect(verifyEnvelope(envelope, [key], ASSIGNMENT_TYPE).ok).toBe(false);
    }),
    { numRuns: 2_000 },
  );
  // Otherwise every change was caught by the parser and the signature was never asked.
  expect(read).toBeGreaterThan(100);
});

/** Both alphabets of base64 are read (DSSE, envelope.md): `-` for `+` changes nothing. */
function urlSafe(character: string): string {
  return character === '+' ? '-' : character === '/' ? '_' : character;
}

function fromText(text: string): ReturnType<typeof envelopeFromJson> {
  try {
    return envelopeFromJson(JSON.parse(text) as unknown);
  } catch {
    return null;
  }
}
