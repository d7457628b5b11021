import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';

import { headerOf, leadOf, signatureOf } from '../../../../agent/adapters/rpm/rpm-headers.ts';
import { storedXz } from '../../../../agent/adapters/rpm/stored-xz.ts';

test.each([0, 1, 4, 65_535, 65_536, 65_537, 300_001])('xz reads %i bytes that were only stored', async (length) => {
  const content = randomBytes(length);
  const stored = await buffer(storedXz(Readable.from([content.subarray(0, length >> 1), content.subarray(length >> 1)])));
  const { stdout, stderr, status } = spawnSync('xz', ['--decompress', '--stdout'], { input: stored, maxBuffer: 1 << 20 });
  expect([status, stderr.toString()]).toEqual([0, '']);
  expect(stdout.equals(content)).toBe(true);
});

test('a header that rpm told only in part is none', () => {
  const body = Buffer.concat([Buffer.from([0, 0, 0, 1, 0, 0, 0, 4]), Buffer.alloc(20)]);
  expect(headerOf(body.toString('base64'))?.length).toBe(8 + body.length);
  expect(headerOf(body.subarray(0, 27).toString('base64'))).toBeNull();
  expect(headerOf('(none)')).toBeNull();
});

test('what stands before the header is as long as rpm expects', () => {
  expect(leadOf('x'.repeat(100)).length).toBe(96);
  for (const length of [0, 3, 8]) expect(signatureOf(Buffer.from('header'), [{ tag: 268, data: Buffer.alloc(length) }]).length % 8).toBe(0);
});
