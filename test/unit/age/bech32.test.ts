import { expect, test } from 'vitest';

import { decodeBech32, encodeBech32 } from '../../../shared/age/bech32.ts';

// BIP 173, "Test vectors", as far as they are of whole bytes.
test.each([
  ['A12UEL5L', 'a', ''],
  ['a12uel5l', 'a', ''],
  ['abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw', 'abcdef', '00443214c74254b635cf84653a56d7c675be77df'],
  ['split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w', 'split', 'c5f38b70305f519bf66d85fb6cf03058f3dde463ecd7918f2dc743918f2d'],
])('%s is of %s', (text, prefix, hex) => {
  expect(decodeBech32(text)).toEqual({ ok: true, prefix, bytes: Buffer.from(hex, 'hex') });
  expect(encodeBech32(prefix, Buffer.from(hex, 'hex'))).toBe(text.toLowerCase());
});

test.each([
  ['', 'not-bech32'],
  ['pzry9x0s0muk', 'not-bech32'],
  ['1pzry9x0s0muk', 'not-bech32'],
  ['x1b4n0q5v', 'not-bech32'],
  ['li1dgmt3', 'not-bech32'],
  [' a12uel5l', 'not-bech32'],
  ['A1G7SGD8', 'wrong-checksum'],
  ['A12uEL5L', 'mixed-case'],
  // The checksums are right: a bit of padding is set, and there is a character too many.
  ['a1qpamnt9j', 'not-bech32'],
  ['a1qqqd87cpp', 'not-bech32'],
])('%j is refused as %s', (text, code) => {
  expect(decodeBech32(text)).toMatchObject({ ok: false, code });
});
