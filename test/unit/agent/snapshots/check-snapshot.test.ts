import { createHash } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';

import { checkSnapshot, type CheckProgress, type SnapshotProblem } from '../../../../agent/snapshots/check-snapshot.ts';
import { FileRanges } from '../../../../agent/snapshots/file-ranges.ts';
import { boltFile, LEAF, withTrailer } from '../../../support/bolt-file.ts';
import { putRecord } from '../../../support/etcd-records.ts';
import { SAMPLE_DATASTORE } from '../../../support/sample-datastore.ts';

const folder = mkdtempSync(join(tmpdir(), 'farrier-snapshot-'));
afterAll(() => rmSync(folder, { recursive: true }));

const database = boltFile(SAMPLE_DATASTORE);
const snapshot = withTrailer(database);
const leaf = Array.from({ length: database.length / 1024 }, (_none, id) => id).find((id) => id > 1 && database.readUInt16LE(id * 1024 + 8) === LEAF) ?? 0;

function write(name: string, content: Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const changed = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy[at]! ^= 1;
  return copy;
};

test('a whole snapshot says what it holds', async () => {
  expect(await checkSnapshot(write('whole', snapshot), { withKvHash: true })).toMatchObject({
    ok: true, size: snapshot.length, digest: createHash('sha256').update(snapshot).digest('hex'), revision: 27, totalKey: 23, totalSize: database.length, kvHash: { revision: 27, compactRevision: 1 },
  });
});

test.each<[string, SnapshotProblem, Buffer]>([
  ['nothing', 'empty', Buffer.alloc(0)],
  ['a part', 'truncated', snapshot.subarray(0, 5_000)],
  ['a part that ends as a snapshot does', 'truncated', snapshot.subarray(0, 4 * 1024 + 32)],
  ['all but its last byte', 'truncated', snapshot.subarray(0, snapshot.length - 1)],
  ["a member's own file", 'no-trailer', database],
  ['a byte changed', 'hash-mismatch', changed(snapshot, 2_500)],
  ['a byte of the meta page changed', 'hash-mismatch', changed(snapshot, 40)],
  ['a byte of the sha256 changed', 'hash-mismatch', changed(snapshot, snapshot.length - 1)],
  ['something else', 'not-a-database', Buffer.from('#!/bin/sh\n')],
  ['something else that ends as a snapshot does', 'not-a-database', withTrailer(Buffer.alloc(4096, 'x')).fill(0, 4096)],
])('%s: %s', async (name, code, content) => {
  expect(await checkSnapshot(write(name.replaceAll(/\W/g, '-'), content))).toMatchObject({ ok: false, code, damage: null });
});

test('what was damaged before it was taken is seen, and where', async () => {
  const damaged = withTrailer(changed(database, leaf * 1024 + 8));
  expect(await checkSnapshot(write('damaged', damaged))).toMatchObject({ ok: false, code: 'damaged-structure', damage: { code: 'page-kind', page: leaf } });
});

test('a file that is not there cannot be read, nor can a folder', async () => {
  expect(await checkSnapshot(join(folder, 'absent'))).toMatchObject({ ok: false, code: 'unreadable' });
  expect(await checkSnapshot(folder)).toMatchObject({ ok: false });
});

test('a file that is cut off while it is read cannot be read', async () => {
  const path = write('shrinking', withTrailer(boltFile({ buckets: [{ name: 'key', entries: [putRecord(2, '/a', Buffer.alloc(4 << 20))] }] })));
  const cut = ({ part }: CheckProgress): void => { if (part === 'hash') truncateSync(path, 4096); };
  expect(await checkSnapshot(path, { onProgress: cut })).toMatchObject({ ok: false, code: 'unreadable' });
});

test('what is hashed is what is walked through, whatever takes its name meanwhile', async () => {
  const path = write('replaced', snapshot);
  const replace = ({ part }: CheckProgress): void => {
    if (part !== 'hash') return;
    rmSync(path);
    writeFileSync(path, 'something else');
  };
  expect(await checkSnapshot(path, { onProgress: replace })).toMatchObject({ ok: true, revision: 27 });
});

test('progress ends at the end, and an end that was asked for comes at once', async () => {
  const seen: CheckProgress[] = [];
  const path = write('progress', withTrailer(boltFile({ buckets: [{ name: 'key', entries: Array.from({ length: 3_000 }, (_none, index) => putRecord(index + 2, `/${index % 700}`, Buffer.alloc(500))) }] })));
  expect(await checkSnapshot(path, { onProgress: (progress) => seen.push(progress) })).toMatchObject({ ok: true });
  expect(seen.filter(({ part }) => part === 'hash').at(-1)?.done).toBe(1);
  expect(seen.every(({ done }) => done > 0 && done <= 1)).toBe(true);
  const ended = new AbortController();
  await expect(checkSnapshot(path, { onProgress: () => ended.abort(new Error('enough')) }, ended.signal)).rejects.toThrow('enough');
});

test('bytes of a file are right wherever they are asked for, near or far, few or many', () => {
  const bytes = Buffer.from(Array.from({ length: 3 << 20 }, (_none, index) => (index * 2_654_435_761) >>> 24));
  const descriptor = openSync(write('ranges', bytes), 'r');
  const file = new FileRanges(descriptor, bytes.length - 100);
  try {
    for (const [offset, length] of [[0, 16], [0, 4096], [4096, 4096], [2 << 20, 16], [100, 2 << 20], [file.size - 1, 1], [0, file.size], [7, 9]] as const) {
      const { buffer, byteOffset, byteLength } = file.read(offset, length);
      expect(Buffer.from(buffer, byteOffset, byteLength).equals(bytes.subarray(offset, offset + length))).toBe(true);
    }
    expect(() => file.read(file.size - 1, 2)).toThrow(RangeError);
  } finally {
    closeSync(descriptor);
  }
});
