import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { formatIdentity, generateIdentity, parseIdentity, parseRecipient } from '../../../shared/age/age-keys.ts';
import { encodeBech32 } from '../../../shared/age/bech32.ts';

// The example of https://c2sp.org/age, "The X25519 recipient type".
const SECRET = 'AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX';
const PUBLIC = 'age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj';

test('the public half of a secret key is the one that the standard says', () => {
  const parsed = parseIdentity(SECRET);
  if (!parsed.ok) throw new Error(parsed.message);
  expect(parsed.identity.recipient.text).toBe(PUBLIC);
  expect(formatIdentity(parsed.identity)).toBe(SECRET);
});

test('a recipient is named by the digest of its key', () => {
  const parsed = parseRecipient(PUBLIC);
  if (!parsed.ok) throw new Error(parsed.message);
  expect(parsed.recipient.bytes).toHaveLength(32);
  expect(parsed.recipient.fingerprint).toBe(createHash('sha256').update(parsed.recipient.bytes).digest('hex'));
});

test('a new pair is read back from what is printed of it', () => {
  const identity = generateIdentity();
  expect(formatIdentity(identity)).not.toBe(formatIdentity(generateIdentity()));
  expect(parseIdentity(formatIdentity(identity))).toMatchObject({ ok: true, identity: { recipient: { text: identity.recipient.text } } });
  expect(parseRecipient(identity.recipient.text)).toMatchObject({ ok: true, recipient: { fingerprint: identity.recipient.fingerprint } });
});

test.each([
  ['a secret key', SECRET, 'wrong-kind', /public half/],
  ['a key of a plugin', encodeBech32('age1yubikey', Buffer.alloc(33, 1)), 'wrong-kind', /age1yubikey/],
  ['a short key', encodeBech32('age', Buffer.alloc(31, 1)), 'wrong-length', /31 bytes/],
  ['a point of low order', encodeBech32('age', Buffer.alloc(32)), 'weak-key', /everybody/],
  ['a cut key', PUBLIC.slice(0, -1), 'wrong-checksum', /copy it again/],
  ['nothing', '', 'not-bech32', /copy it again/],
])('%s is no recipient', (_name, text, code, message) => {
  expect(parseRecipient(text)).toMatchObject({ ok: false, code, message: expect.stringMatching(message) as string });
});

test.each([
  ['a public key', PUBLIC, 'wrong-kind'],
  ['a key of another kind', encodeBech32('age-secret-key-pq-', Buffer.alloc(32, 1)).toUpperCase(), 'wrong-kind'],
  ['a long key', encodeBech32('age-secret-key-', Buffer.alloc(33, 1)).toUpperCase(), 'wrong-length'],
  ['half of it in lower case', `${SECRET.slice(0, 40)}${SECRET.slice(40).toLowerCase()}`, 'mixed-case'],
])('%s is no identity', (_name, text, code) => {
  expect(parseIdentity(text)).toMatchObject({ ok: false, code });
});

test('one wrong character is always seen, and no message says what was typed', () => {
  let seen = 0;
  fc.assert(
    fc.property(fc.nat({ max: SECRET.length - 1 }), fc.constantFrom(...'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L1B'), (at, character) => {
      fc.pre(SECRET[at] !== character);
      const typed = SECRET.slice(0, at) + character + SECRET.slice(at + 1);
      const parsed = parseIdentity(typed);
      expect(parsed.ok).toBe(false);
      if (!parsed.ok) expect(parsed.message).not.toContain(typed.slice(20, 30));
      seen += 1;
    }),
    { numRuns: 2_000 },
  );
  expect(seen).toBe(2_000);
});
