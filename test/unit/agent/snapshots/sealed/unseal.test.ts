import { createHash, randomBytes } from 'node:crypto';
import { zstdCompressSync } from 'node:zlib';
import { beforeAll, expect, test } from 'vitest';

import { writeHeader } from '../../../../../shared/age/age-header.ts';
import { generateIdentity } from '../../../../../shared/age/age-keys.ts';
import { ChunkOpener, ChunkSealer, payloadKeyOf, SEALED_CHUNK_BYTES } from '../../../../../agent/snapshots/sealed/age-payload.ts';
import { unseal } from '../../../../../agent/snapshots/sealed/unseal.ts';
import { type SealedBytes, sealBytes, unsealBytes } from '../../../../support/sealed-bytes.ts';

const [mine, also, other] = [generateIdentity(), generateIdentity(), generateIdentity()];
/** Does not compress: four chunks and a bit, all sealed. */
const plain = randomBytes(4 * 65_536 + 1_000);
const { signal } = new AbortController();
let sealed: SealedBytes;
let payloadAt: number;

beforeAll(async () => {
  sealed = await sealBytes(plain, [mine.recipient, also.recipient]);
  payloadAt = sealed.bytes.indexOf('\n', sealed.bytes.indexOf('\n---') + 1) + 1 + 16;
});

test.each([15, 16, 17, 4_096, SEALED_CHUNK_BYTES, 1_000_000])('each recipient opens it, in pieces of %i bytes', async (pieceBytes) => {
  for (const identity of [mine, also]) {
    const { unsealed, released } = await unsealBytes(sealed.bytes, [other, identity], sealed.recorded, pieceBytes);
    expect(unsealed).toEqual({ ok: true });
    expect(released.equals(plain)).toBe(true);
  }
});

test.each([0, 1, 65_535, 65_536, 131_072])('%i bytes of any kind go in and come out', async (sizeBytes) => {
  for (const bytes of [randomBytes(sizeBytes), Buffer.alloc(sizeBytes)]) {
    const each = await sealBytes(bytes, [mine.recipient]);
    const { unsealed, released } = await unsealBytes(each.bytes, [mine], each.recorded);
    expect(unsealed).toEqual({ ok: true });
    expect(released.equals(bytes)).toBe(true);
  }
});

/** The sealed bytes with one thing changed. */
const CHANGES: readonly (readonly [what: string, code: string, change: (bytes: Buffer) => Buffer])[] = [
  ['nothing of it', 'broken-header', () => Buffer.alloc(0)],
  ['something else', 'not-sealed', () => Buffer.from('SQLite format 3\0')],
  ['a later version', 'not-sealed', (bytes) => replaced(bytes, '.org/v1', '.org/v2')],
  ['its first line', 'broken-header', (bytes) => bytes.subarray(0, 22)],
  ['a header that ends in the middle', 'broken-header', (bytes) => bytes.subarray(0, 100)],
  ['a header alone', 'broken-header', (bytes) => bytes.subarray(0, payloadAt - 16)],
  ['a header and its nonce', 'damaged', (bytes) => bytes.subarray(0, payloadAt)],
  ['a header without end', 'broken-header', (bytes) => Buffer.concat([bytes.subarray(0, 22), Buffer.alloc(1_000_000, 'x')])],
  ['the kind of this recipient renamed', 'no-key-fits', (bytes) => replaced(bytes, '-> X25519', '-> X2551X')],
  ['the kind of another recipient renamed', 'forged-header', (bytes) => replaced(bytes, /(X25519[^]*)-> X25519/, '$1-> X2551X')],
  ['another recipient taken out', 'forged-header', (bytes) => replaced(bytes, /\n-> X25519[^\n]*\n[^\n]*\n---/, '\n---')],
  ['a recipient with a third word', 'broken-header', (bytes) => replaced(bytes, '-> X25519 ', '-> X25519 a ')],
  ['a recipient that is no key', 'broken-header', (bytes) => replaced(bytes, /-> X25519 [^\n]*/, '-> X25519 AAAA')],
  ['a recipient of low order', 'broken-header', (bytes) => replaced(bytes, /-> X25519 [^\n]*/, `-> X25519 ${'A'.repeat(43)}`)],
  ['a body in other letters for the same bytes', 'broken-header', (bytes) => replaced(bytes, /(-> X25519 [^\n]*\n[^\n]*)[^\n]\n/, '$1/\n')],
  ['another seal of the header', 'forged-header', (bytes) => replaced(bytes, /\n--- [^\n]*/, `\n--- ${'A'.repeat(43)}`)],
  ['another nonce', 'damaged', (bytes) => flipped(bytes, payloadAt - 1)],
  ['a bit of the first chunk', 'damaged', (bytes) => flipped(bytes, payloadAt)],
  ['a bit of a tag', 'damaged', (bytes) => flipped(bytes, payloadAt + 2 * SEALED_CHUNK_BYTES - 1)],
  ['its last bit', 'damaged', (bytes) => flipped(bytes, bytes.length - 1)],
  ['its last byte missing', 'damaged', (bytes) => bytes.subarray(0, -1)],
  ['its last chunk missing', 'truncated', (bytes) => bytes.subarray(0, payloadAt + 4 * SEALED_CHUNK_BYTES)],
  ['all but one chunk missing', 'truncated', (bytes) => bytes.subarray(0, payloadAt + SEALED_CHUNK_BYTES)],
  ['a chunk missing in the middle', 'damaged', (bytes) => Buffer.concat([bytes.subarray(0, chunkAt(1)), bytes.subarray(chunkAt(2))])],
  ['two chunks in each other\'s place', 'damaged', (bytes) => Buffer.concat([bytes.subarray(0, chunkAt(1)), bytes.subarray(chunkAt(2), chunkAt(3)), bytes.subarray(chunkAt(1), chunkAt(2)), bytes.subarray(chunkAt(3))])],
  ['a chunk twice', 'damaged', (bytes) => Buffer.concat([bytes.subarray(0, chunkAt(2)), bytes.subarray(chunkAt(1))])],
  ['a byte behind its end', 'damaged', (bytes) => Buffer.concat([bytes, Buffer.alloc(1)])],
  ['itself behind its end', 'damaged', (bytes) => Buffer.concat([bytes, bytes])],
];

test.each(CHANGES)('%s is refused as %s', async (_what, code, change) => {
  const { unsealed, released } = await unsealBytes(change(sealed.bytes), [mine], sealed.recorded);
  expect(unsealed).toMatchObject({ ok: false, code });
  expect(released.equals(plain.subarray(0, released.length))).toBe(true);
  expect(released.length).toBeLessThan(plain.length);
});

test('what is put behind a file that ends with a full chunk is told apart from damage', async () => {
  const whole = sealedByHand(randomBytes(65_536));
  expect((await unsealBytes(Buffer.concat([whole.bytes, Buffer.alloc(1)]), [mine], whole.recorded)).unsealed).toMatchObject({ code: 'extended' });
});

test('a last chunk of nothing is refused, though its tag is right', () => {
  const key = payloadKeyOf(randomBytes(16), randomBytes(16));
  const sealer = new ChunkSealer(key);
  // Held back, as everything is that may be the last.
  expect(sealer.update(randomBytes(65_536))).toEqual([]);
  const full = Buffer.concat(sealer.update(randomBytes(1)));
  const other = new ChunkSealer(key);
  other.end();
  const nothing = Buffer.concat(other.end());
  const opener = new ChunkOpener(key);
  expect(opener.open(full, false)).toHaveLength(65_536);
  expect(opener.open(nothing, true)).toBe('damaged');
});

test('no key of another opens it', async () => {
  const { unsealed, released } = await unsealBytes(sealed.bytes, [other], sealed.recorded);
  expect(unsealed).toMatchObject({ code: 'no-key-fits', message: expect.stringContaining('2 recipient(s)') as string });
  expect(released).toHaveLength(0);
});

test.each([
  ['is not compressed', (): Buffer => randomBytes(1_000)],
  ['goes on behind its end', (): Buffer => Buffer.concat([zstdCompressSync(plain), Buffer.from('more')])],
  ['ends in the middle', (): Buffer => zstdCompressSync(plain).subarray(0, -3)],
  ['is nothing', (): Buffer => Buffer.alloc(0)],
])('what was sealed for this key and %s is refused', async (_what, content) => {
  const { bytes, recorded } = sealedByHand(content());
  expect((await unsealBytes(bytes, [mine], recorded)).unsealed).toMatchObject({ code: 'broken-zstd' });
});

test('another snapshot for the same key is not the recorded one', async () => {
  const forged = await sealBytes(randomBytes(plain.length), [mine.recipient]);
  expect((await unsealBytes(forged.bytes, [mine], sealed.recorded)).unsealed).toMatchObject({ code: 'other-bytes' });
  // The same content, sealed by somebody else.
  const again = await sealBytes(plain, [mine.recipient]);
  expect((await unsealBytes(again.bytes, [mine], sealed.recorded)).unsealed).toMatchObject({ code: 'other-bytes' });
});

test('what unpacks to more than was recorded stops there', async () => {
  const bomb = await sealBytes(Buffer.alloc(50_000_000), [mine.recipient]);
  const { unsealed, released } = await unsealBytes(bomb.bytes, [mine], { ...bomb.recorded, plain: { ...bomb.recorded.plain, sizeBytes: 1_000_000 } });
  expect(unsealed).toMatchObject({ code: 'too-large' });
  expect(released.length).toBeLessThanOrEqual(1_000_000);
});

test('a sink that fails and a signal that fires end it, and the source with it', async () => {
  let closed = 0;
  async function* source(): AsyncGenerator<Buffer> {
    try {
      for (let at = 0; at < sealed.bytes.length; at += 10_000) yield sealed.bytes.subarray(at, at + 10_000);
    } finally {
      closed += 1;
    }
  }
  const full = { write: async () => await Promise.reject(new Error('the disk is full')) };
  await expect(unseal(source(), [mine], sealed.recorded, full, signal)).rejects.toThrow('the disk is full');
  const stop = new AbortController();
  const stopping = { write: async () => stop.abort(new Error('stopped')) };
  await expect(unseal(source(), [mine], sealed.recorded, stopping, stop.signal)).rejects.toThrow('stopped');
  expect(closed).toBe(2);
});

function chunkAt(index: number): number {
  return payloadAt + index * SEALED_CHUNK_BYTES;
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

function replaced(bytes: Buffer, pattern: string | RegExp, by: string): Buffer {
  return Buffer.from(bytes.toString('latin1').replace(pattern, by), 'latin1');
}

/** A sealed file of any content, which only somebody with the public key could have made. */
function sealedByHand(content: Buffer): SealedBytes {
  const key = randomBytes(16);
  const sealer = new ChunkSealer(payloadKeyOf(key, Buffer.alloc(16, 1)));
  const bytes = Buffer.concat([writeHeader(key, [mine.recipient]), Buffer.alloc(16, 1), ...sealer.update(content), ...sealer.end()]);
  return { bytes, recorded: { plain: { digest: digestOf(plain), sizeBytes: plain.length }, sealed: { digest: digestOf(bytes), sizeBytes: bytes.length } } };
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
