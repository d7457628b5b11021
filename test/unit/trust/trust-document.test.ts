import { expect, test } from 'vitest';

import { signEnvelope } from '../../../shared/trust/dsse.ts';
import { ASSIGNMENT_TYPE, TRUST_DOCUMENT_TYPE } from '../../../shared/trust/payload-types.ts';
import { generateSigningKey } from '../../../shared/trust/signing-key.ts';
import { signTrustDocument, verifyTrustDocument, type TrustDocument } from '../../../shared/trust/trust-document.ts';

const root = generateSigningKey();
const plan = generateSigningKey();
const next = generateSigningKey();
const document: TrustDocument = { fleet: 'prod', version: 7, issuedUnixMs: 1_000, expiresUnixMs: 9_000, planKeys: [plan, next], revoked: ['0a'] };
const expected = { rootKey: root, fleet: 'prod', versionFloor: 7, nowUnixMs: 5_000 };
const ids = (keys: readonly { readonly keyid: string }[]): readonly string[] => keys.map(({ keyid }) => keyid);

test('the document comes back, at the version already seen as well', () => {
  const verified = verifyTrustDocument(signTrustDocument(document, root), expected);
  if (!verified.ok) throw new Error(verified.message);
  expect({ ...verified.document, planKeys: ids(verified.document.planKeys) }).toEqual({ ...document, planKeys: ids([plan, next]) });
});

test('a revoked plan key is not trusted, even where it is still listed', () => {
  const verified = verifyTrustDocument(signTrustDocument({ ...document, revoked: [plan.keyid] }, root), expected);
  expect(verified.ok && ids(verified.document.planKeys)).toEqual([next.keyid]);
});

test.each([
  ['signature-invalid', signTrustDocument(document, plan), expected],
  ['signature-invalid', signEnvelope(ASSIGNMENT_TYPE, Buffer.from('x'), root), expected],
  ['malformed', signEnvelope(TRUST_DOCUMENT_TYPE, Buffer.from([0xff, 0xff]), root), expected],
  ['wrong-fleet', signTrustDocument(document, root), { ...expected, fleet: 'test' }],
  ['version-regressed', signTrustDocument(document, root), { ...expected, versionFloor: 8 }],
  ['expired', signTrustDocument(document, root), { ...expected, nowUnixMs: 9_000 }],
] as const)('%s', (code, envelope, expectation) => {
  expect(verifyTrustDocument(envelope, expectation)).toMatchObject({ ok: false, code });
});
