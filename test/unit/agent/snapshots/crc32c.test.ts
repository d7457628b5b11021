import { expect, test } from 'vitest';

import { crc32c } from '../../../../agent/snapshots/crc32c.ts';

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

// RFC 3720, appendix B.4, and the check value that catalogues of CRCs give.
test.each([
  ['nothing', Buffer.alloc(0), 0],
  ['123456789', Buffer.from('123456789'), 0xe306_9283],
  ['32 zero bytes', Buffer.alloc(32), 0x8a91_36aa],
  ['32 bytes of ones', Buffer.alloc(32, 0xff), 0x62a8_ab43],
  ['32 ascending bytes', Buffer.from(Array.from({ length: 32 }, (_none, index) => index)), 0x46dd_794e],
])('the CRC-32C of %s', (_name, bytes, crc) => {
  expect(crc32c(0, view(bytes))).toBe(crc);
});

test('it may be cut anywhere, and lie anywhere', () => {
  const bytes = Buffer.from(Array.from({ length: 100 }, (_none, index) => (index * 37) % 251));
  const whole = crc32c(0, view(bytes), 3, 97);
  for (let cut = 3; cut <= 97; cut += 1) expect(crc32c(crc32c(0, view(bytes), 3, cut), view(bytes), cut, 97)).toBe(whole);
});
