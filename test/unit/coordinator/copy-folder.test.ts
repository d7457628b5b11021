import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { CopyFolder } from '../../../coordinator/adapters/copy-folder.ts';

const content = Buffer.from('sealed bytes of a datastore');
const sha256 = createHash('sha256').update(content).digest('hex');
const head = { sha256, sizeBytes: content.length, offset: 0 };
let path: string;
let folder: CopyFolder;

beforeEach(async () => {
  path = mkdtempSync(join(tmpdir(), 'farrier-copies-'));
  folder = new CopyFolder(path);
  await folder.open();
});
afterEach(() => rmSync(path, { recursive: true }));

async function* chunks(...bytes: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* bytes;
}

test('what arrives whole has its name, and comes no second time', async () => {
  expect(await folder.receive(head, chunks(content.subarray(0, 5), content.subarray(5)))).toEqual({ ok: true });
  expect([readdirSync(path), readFileSync(folder.pathOf(sha256)).equals(content), await folder.offsetOf(sha256)]).toEqual([[sha256], true, { offset: content.length, whole: true }]);
  expect(await folder.receive(head, chunks())).toEqual({ ok: true });
});

test('what another one that is being sent will need is no room any more', async () => {
  const spare = 64 * 1024 ** 2;
  const small = new CopyFolder(path, async () => spare + content.length);
  const hold = Promise.withResolvers<void>();
  async function* slow(): AsyncGenerator<Uint8Array> {
    yield content.subarray(0, 0);
    await hold.promise;
    yield content;
  }
  const first = small.receive(head, slow());
  await setImmediate();
  expect(await small.receive({ sha256: 'f'.repeat(64), sizeBytes: 1, offset: 0 }, chunks(Buffer.alloc(1)))).toMatchObject({ ok: false, code: 'disk-full' });
  hold.resolve();
  expect(await first).toEqual({ ok: true });
  expect(await small.receive({ sha256: 'f'.repeat(64), sizeBytes: 1, offset: 0 }, chunks(Buffer.alloc(1)))).toMatchObject({ ok: false, code: 'copy-corrupt' });
});

test('what was cut off is kept and goes on from there, also in another process', async () => {
  expect(await folder.receive(head, chunks(content.subarray(0, 5)))).toMatchObject({ ok: false, code: 'copy-cut-off' });
  const after = new CopyFolder(path);
  await after.open();
  expect(await after.offsetOf(sha256)).toEqual({ offset: 5, whole: false });
  expect(await after.receive(head, chunks(content))).toMatchObject({ ok: false, code: 'copy-offset' });
  expect(await after.receive({ ...head, offset: 5 }, chunks(content.subarray(5)))).toEqual({ ok: true });
});

test('a link that breaks in the middle of a file leaves what came', async () => {
  async function* breaking(): AsyncGenerator<Uint8Array> {
    yield content.subarray(0, 7);
    throw new Error('the link broke');
  }
  await expect(folder.receive(head, breaking())).rejects.toThrow('the link broke');
  expect(await folder.offsetOf(sha256)).toEqual({ offset: 7, whole: false });
});

test.each([
  ['other bytes', Buffer.from(content).fill(7, 3, 4)],
  ['more bytes', Buffer.concat([content, content])],
])('%s than were announced are never taken for it, and nothing of them stays', async (_what, bytes) => {
  expect(await folder.receive(head, chunks(bytes))).toMatchObject({ ok: false, code: 'copy-corrupt' });
  expect(readdirSync(path)).toEqual([]);
});

test('a part that a power cut spoilt is thrown away, and the next time begins with the first byte', async () => {
  writeFileSync(`${folder.pathOf(sha256)}.part`, Buffer.alloc(5));
  expect(await folder.receive({ ...head, offset: 5 }, chunks(content.subarray(5)))).toMatchObject({ ok: false, code: 'copy-corrupt' });
  expect(await folder.receive(head, chunks(content))).toEqual({ ok: true });
});

test('one sender at a time; parts of what nobody wants any more go', async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  async function* slow(): AsyncGenerator<Uint8Array> {
    yield content.subarray(0, 5);
    await held;
    yield content.subarray(5);
  }
  const first = folder.receive(head, slow());
  expect(await folder.receive(head, chunks(content))).toMatchObject({ ok: false, code: 'copy-under-way' });
  await folder.removeParts(new Set());
  release();
  expect(await first).toEqual({ ok: true });
  writeFileSync(join(path, `${'a'.repeat(64)}.part`), 'x');
  writeFileSync(join(path, `${'b'.repeat(64)}.part`), 'x');
  await folder.removeParts(new Set(['a'.repeat(64)]));
  expect(readdirSync(path).toSorted()).toEqual([sha256, `${'a'.repeat(64)}.part`].toSorted());
});

test('a name that leads elsewhere is a bug', () => {
  expect(() => folder.pathOf('../x')).toThrow('not a sha256');
});
