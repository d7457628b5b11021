import { expect, test } from 'vitest';

import { formatIdentity, generateIdentity } from '../../../shared/age/age-keys.ts';
import { parseIdentityFile } from '../../../shared/age/identity-file.ts';

const [first, second] = [generateIdentity(), generateIdentity()];

test.each(['\n', '\r\n'])('all keys of a file are read, with lines that end in %j', (end) => {
  const parsed = parseIdentityFile(['# created: 2026-11-21', `# public key: ${first.recipient.text}`, formatIdentity(first), '', formatIdentity(second), ''].join(end));
  expect(parsed).toMatchObject({ ok: true, identities: [{ recipient: { text: first.recipient.text } }, { recipient: { text: second.recipient.text } }] });
});

test.each([
  ['', 'no-key', /AGE-SECRET-KEY-1/],
  ['# a comment\n', 'no-key', /AGE-SECRET-KEY-1/],
  [`${formatIdentity(first)}\n${first.recipient.text}\n`, 'wrong-kind', /^line 2: /],
  [`# one\n${formatIdentity(first).slice(0, -1)}\n${formatIdentity(second)}\n`, 'wrong-checksum', /^line 2: /],
  [` ${formatIdentity(first)}\n`, 'not-bech32', /^line 1: /],
])('%j is refused', (text, code, message) => {
  const parsed = parseIdentityFile(text);
  expect(parsed).toMatchObject({ ok: false, code, message: expect.stringMatching(message) as string });
  if (!parsed.ok) expect(parsed.message).not.toContain(formatIdentity(first).slice(20, 30));
});
