import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';

import { readArchive } from '../../../../agent/steps/images/read-archive.ts';
import { dockerSave, ociLayout, tarOf } from '../../../support/image-archive.ts';

const folder = mkdtempSync(join(tmpdir(), 'farrier-archive-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** As compressors write it that work in parallel: each part stands for itself, and ends where an archive may end. */
function inParts(tar: Buffer, compress: (part: Buffer) => Buffer): Buffer {
  const parts = Array.from({ length: Math.ceil(tar.length / 1024) }, (_, part) => tar.subarray(part * 1024, (part + 1) * 1024));
  return Buffer.concat(parts.map((part) => compress(part)));
}

const two = [{ name: 'registry.example/a:1', says: 'a' }, { name: 'registry.example/b:2', says: 'b' }];
const never = new AbortController().signal;

function read(tar: Buffer): ReturnType<typeof readArchive> {
  const path = join(folder, 'archive.tar');
  writeFileSync(path, tar);
  return readArchive(path, never);
}

describe('names and IDs of what an archive gives', () => {
  const layout = ociLayout(two);
  test.each([
    ['an OCI layout', layout.tar],
    ['one that is gzipped', gzipSync(layout.tar)],
    ['one with zstd', zstdCompressSync(layout.tar)],
    ['one that many compressed with gzip', inParts(layout.tar, gzipSync)],
    ['one that many compressed with zstd', inParts(layout.tar, zstdCompressSync)],
  ])('%s', async (_name, tar) => {
    expect(await read(tar)).toEqual(layout.images);
  });

  test.each(['json', 'blobs'] as const)('what docker save writes, with configurations as %s', async (configs) => {
    const saved = dockerSave(two, configs);
    expect(await read(saved.tar)).toEqual(saved.images);
  });

  test.each([
    ['busybox:1', 'docker.io/library/busybox:1'],
    ['team/app:1', 'docker.io/team/app:1'],
    ['localhost/app:1', 'localhost/app:1'],
    ['own:5000/app:1', 'own:5000/app:1'],
  ])('docker calls it %s', async (name, whole) => {
    expect((await read(dockerSave([{ name, says: 'a' }], 'json').tar)).map((image) => image.name)).toEqual([whole]);
  });
});

test('an image for another platform has no ID', async () => {
  expect(await read(ociLayout(two.slice(0, 1), 'riscv64').tar)).toEqual([{ name: 'registry.example/a:1', id: '' }]);
});

test('layers are not taken into memory, whatever they hold', async () => {
  const layer = Buffer.alloc(3 * 1024 * 1024, 0x7b);
  expect(await read(tarOf([['blobs/sha256/layer', layer], ['index.json', Buffer.from('{"manifests":[]}')]]))).toEqual([]);
});

test.each([
  ['no archive at all', Buffer.from('x'.repeat(2000)), /no tar archive/],
  ['one that is cut off', ociLayout(two).tar.subarray(0, 1200), /ends in the middle/],
  ['a gzip that is cut off', gzipSync(ociLayout(two).tar).subarray(0, 200), /end of file|ends in the middle/],
])('%s is an error', async (_name, bytes, message) => {
  await expect(read(bytes)).rejects.toThrow(message);
});
