import { describe, expect, test } from 'vitest';

import { signEnvelope, verifyEnvelope } from '../../../shared/trust/dsse.ts';
import { preAuthenticationEncoding, type Envelope } from '../../../shared/trust/envelope.ts';
import { envelopeFromJson, envelopeToJson } from '../../../shared/trust/envelope-json.ts';
import { ASSIGNMENT_TYPE, PERMIT_TYPE } from '../../../shared/trust/payload-types.ts';
import { generateSigningKey, signingKeyFromPem, signingKeyToPem } from '../../../shared/trust/signing-key.ts';

const key = generateSigningKey();
const other = generateSigningKey();
const payload = Buffer.from('upgrade web1');
const good = signEnvelope(ASSIGNMENT_TYPE, payload, key);
const [signature] = good.signatures;
if (signature === undefined) throw new Error('signEnvelope signed nothing');

test('the encoding that is signed is the one of DSSE protocol.md', () => {
  expect(preAuthenticationEncoding('http://example.com/HelloWorld', Buffer.from('hello world')).toString()).toBe(
    'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
  );
});

test('what was signed comes back, whatever the hint says', () => {
  expect(verifyEnvelope(good, [key], ASSIGNMENT_TYPE)).toEqual({ ok: true, payload });
  expect(verifyEnvelope({ ...good, signatures: [{ ...signature, keyid: other.keyid }] }, [other, key], ASSIGNMENT_TYPE).ok).toBe(true);
});

describe('refused', () => {
  const cases: readonly (readonly [string, Envelope, string])[] = [
    ['unsigned', { ...good, signatures: [] }, 'unsigned'],
    ['signed for another payload type', signEnvelope(PERMIT_TYPE, payload, key), 'payload-type-mismatch'],
    ['relabelled as the expected type', { ...signEnvelope(PERMIT_TYPE, payload, key), payloadType: ASSIGNMENT_TYPE }, 'signature-invalid'],
    ['signed by a stranger', signEnvelope(ASSIGNMENT_TYPE, payload, other), 'signature-invalid'],
    ['signed by a stranger who names the trusted key', { ...good, signatures: signEnvelope(ASSIGNMENT_TYPE, payload, other).signatures.map((one) => ({ ...one, keyid: key.keyid })) }, 'signature-invalid'],
    ['with a signature of the wrong length', { ...good, signatures: [{ keyid: key.keyid, sig: Buffer.alloc(0) }] }, 'signature-invalid'],
    ['with very many signatures', { ...good, signatures: Array.from({ length: 17 }, () => signature) }, 'too-many-signatures'],
  ];
  test.each(cases)('%s', (_name, envelope, code) => {
    expect(verifyEnvelope(envelope, [key], ASSIGNMENT_TYPE)).toMatchObject({ ok: false, code });
  });
  test('where nobody is trusted', () => {
    expect(verifyEnvelope(good, [], ASSIGNMENT_TYPE)).toMatchObject({ ok: false, code: 'signature-invalid' });
  });
});

test('keys survive their PEM', () => {
  const again = signingKeyFromPem(signingKeyToPem(key));
  expect(again.keyid).toBe(key.keyid);
  expect(verifyEnvelope(signEnvelope(PERMIT_TYPE, payload, again), [key], PERMIT_TYPE).ok).toBe(true);
});

describe('JSON form', () => {
  test('round trip, in both base64 alphabets', () => {
    const json = envelopeToJson(good);
    const url = JSON.parse(JSON.stringify(json).replace(/\+/g, '-').replace(/"sig":"([^"]*)"/g, (_all, sig: string) => `"sig":"${sig.replace(/\//g, '_')}"`)) as unknown;
    for (const form of [json, JSON.parse(JSON.stringify(json)) as unknown]) expect(envelopeFromJson(form)).toEqual(good);
    expect(envelopeFromJson({ ...(url as object), payloadType: ASSIGNMENT_TYPE })).toEqual(good);
  });
  test.each([null, 1, 'x', {}, { payload: '!!', payloadType: 't', signatures: [] }, { payload: 'QQ', payloadType: 't', signatures: [null] }, { payload: 'QR==', payloadType: 't', signatures: [] }])(
    'refuses %j',
    (value) => {
      expect(envelopeFromJson(value)).toBeNull();
    },
  );
});
