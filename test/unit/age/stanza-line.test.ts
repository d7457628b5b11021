import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';

import { readHeader, writeHeader } from '../../../shared/age/age-header.ts';
import { generateIdentity } from '../../../shared/age/age-keys.ts';
import { FILE_KEY_BYTES, wrapFileKey } from '../../../shared/age/age-stanza.ts';
import { parseStanzaLine, stanzaLine } from '../../../shared/age/stanza-line.ts';

const [offline, host, other] = [generateIdentity(), generateIdentity(), generateIdentity()];
const header = writeHeader(randomBytes(FILE_KEY_BYTES), [offline.recipient]);

/** The way of a restore: whoever has the offline key wraps the file key for a host. */
function handedOver(to = host) {
  const opened = readHeader(header, [offline]);
  if (opened === null || !opened.ok) throw new Error('its own key does not open it');
  const line = stanzaLine(wrapFileKey(opened.fileKey, to.recipient));
  const stanza = parseStanzaLine(line);
  if (stanza === null) throw new Error(`${line} is not read back`);
  return { fileKey: opened.fileKey, stanza };
}

test('a file key that is handed over beside the file opens it', () => {
  const { fileKey, stanza } = handedOver();
  expect(readHeader(header, [host])).toMatchObject({ ok: false, code: 'no-key-fits' });
  expect(readHeader(header, [{ ...host, beside: [handedOver(other).stanza, stanza] }])).toMatchObject({ ok: true, fileKey, sizeBytes: header.length });
});

test('what was handed over to another opens nothing', () => {
  expect(readHeader(header, [{ ...host, beside: [handedOver(other).stanza] }])).toMatchObject({ ok: false, code: 'no-key-fits' });
});

test('the key of another file is found out', () => {
  const foreign = parseStanzaLine(stanzaLine(wrapFileKey(randomBytes(FILE_KEY_BYTES), host.recipient)));
  if (foreign === null) throw new Error('no line');
  expect(readHeader(header, [{ ...host, beside: [foreign] }])).toMatchObject({ ok: false, code: 'forged-header' });
});

test.each(['', 'X25519', `X25519 ${'A'.repeat(43)}`, `scrypt ${'A'.repeat(43)} ${'A'.repeat(43)}`, `X25519 ${'A'.repeat(43)} ${'A'.repeat(42)}B`, `X25519 ${'A'.repeat(43)} ${'A'.repeat(43)}\n`])('%j is no line of a stanza', (line) => {
  expect(parseStanzaLine(line)).toBeNull();
});
