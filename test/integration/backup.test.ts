import { createCipheriv, createDecipheriv } from 'node:crypto';
import { chown, mkdir, mkdtemp, open, readFile, readdir, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { openSqliteStore } from '../../coordinator/adapters/sqlite-store.ts';
import type { SqliteStore } from '../../coordinator/adapters/sqlite-store.ts';
import { sqliteStoreFile } from '../../coordinator/adapters/sqlite-store-copy.ts';
import { backup } from '../../coordinator/runtime/backup.ts';
import { decodeHeader, encodeHeader, HEADER_BYTES, TAG_BYTES } from '../../coordinator/runtime/backup-header.ts';
import { describeFile } from '../../coordinator/runtime/backup-manifest.ts';
import { deriveKeys } from '../../coordinator/runtime/backup-secret.ts';
import { restore } from '../../coordinator/runtime/restore.ts';
import { backupContent, sealBackup } from '../../coordinator/runtime/seal-backup.ts';
import { manualClock } from '../support/manual-clock.ts';

const passphrase = 'correct horse battery staple';
const clock = manualClock();
const nowUnixMs = clock.wallUnixMs();
const ZSTD_MAGIC = Buffer.from('28b52ffd', 'hex');

let root: string;
let keys: string;
let dataFolder: string;
let to: string;
let elsewhere: string;
let keyFile: string;
let store: SqliteStore;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'farrier-backup-'));
  keys = await mkdtemp(join(tmpdir(), 'farrier-backup-key-'));
  dataFolder = join(root, 'data');
  to = join(root, 'fleet.backup');
  elsewhere = join(root, 'elsewhere');
  store = await openSqliteStore({ dataFolder, clock });
  keyFile = join(keys, 'backup.key');
  await writeFile(keyFile, Buffer.alloc(32, 7));
  await store.append('ledger', 0, Array.from({ length: 2000 }, (_, n) => ({ n, text: `text ${n * 7919}` })));
  await store.putRecord('policy', { v: 1 }, 0);
  await mkdir(join(dataFolder, 'keys', 'old'), { recursive: true });
  await writeFile(join(dataFolder, 'keys', 'ca.key'), 'the key of the authority', { mode: 0o600 });
  await writeFile(join(dataFolder, 'keys', 'ca.crt'), 'its certificate', { mode: 0o644 });
  await writeFile(join(dataFolder, 'keys', 'old', 'plan.key'), Buffer.from([0, 255, 10, 13]));
});
afterEach(async () => {
  await store.close();
  await rm(root, { recursive: true });
  await rm(keys, { recursive: true });
});

/** With a key file where the secret does not matter: a passphrase is stretched for half a second each time. */
const make = () => backup({ dataFolder, store, to, keyFile, nowUnixMs });

/** The format as backup-header.ts describes it, around bytes that need not be compressed. */
async function sealByHand(compressed: readonly Buffer[]): Promise<void> {
  const header = { kind: 'key-file', salt: Buffer.alloc(16, 1), nonce: Buffer.alloc(12, 2) } as const;
  const keyPair = await deriveKeys({ keyFile }, header.salt);
  const headerBytes = encodeHeader(header, keyPair);
  const cipher = createCipheriv('aes-256-gcm', keyPair.content, header.nonce).setAAD(headerBytes);
  await writeFile(to, Buffer.concat([headerBytes, ...compressed.map((bytes) => cipher.update(bytes)), cipher.final(), cipher.getAuthTag()]));
}

async function openByHand(): Promise<Buffer> {
  const bytes = await readFile(to);
  const { salt, nonce } = decodeHeader(bytes, to);
  const decipher = createDecipheriv('aes-256-gcm', (await deriveKeys({ keyFile }, salt)).content, nonce);
  decipher.setAAD(bytes.subarray(0, HEADER_BYTES)).setAuthTag(bytes.subarray(-TAG_BYTES));
  return Buffer.concat([decipher.update(bytes.subarray(HEADER_BYTES, -TAG_BYTES)), decipher.final()]);
}

describe('backup and restore', () => {
  test('bring back the store and every key while the coordinator runs', async () => {
    const manifest = await make();
    expect(manifest.files.map(({ name }) => name)).toEqual(['store.db', 'keys/ca.crt', 'keys/ca.key', 'keys/old/plan.key']);
    await store.append('ledger', 2000, [{ after: 'the backup' }]);
    expect(await restore({ from: to, dataFolder: elsewhere, keyFile })).toEqual(manifest);
    const restored = await openSqliteStore({ dataFolder: elsewhere, clock });
    expect(await restored.read('ledger', 0)).toEqual(await store.read('ledger', 0, 2000));
    expect(await restored.getRecord('policy')).toEqual(await store.getRecord('policy'));
    expect(await restored.append('ledger', 2000, [{}])).toEqual({ ok: true, sequence: 2001 });
    await restored.close();
    for (const name of ['ca.key', 'ca.crt', 'old/plan.key']) {
      const [was, is] = [join(dataFolder, 'keys', name), join(elsewhere, 'keys', name)];
      expect(await readFile(is)).toEqual(await readFile(was));
      expect((await stat(is)).mode).toBe((await stat(was)).mode);
    }
  });

  test('leave nothing lying about, and nothing to read in the file', async () => {
    await make();
    await restore({ from: to, dataFolder: elsewhere, keyFile });
    expect(await readdir(root)).toEqual(['data', 'elsewhere', 'fleet.backup']);
    expect((await readdir(dataFolder)).filter((name) => name.startsWith('.'))).toEqual([]);
    const bytes = await readFile(to);
    for (const secret of ['the key of the authority', 'store.db', 'text 7919', 'SQLite']) expect(bytes.includes(secret)).toBe(false);
    expect((await stat(to)).mode & 0o777).toBe(0o600);
  });

  test('copy one state of the store while appends go on, from this process or another', async () => {
    for (const source of [store, sqliteStoreFile(dataFolder)]) {
      let going = true;
      const write = async (): Promise<void> => {
        for (let last = (await store.read('ledger', 0)).length; going; last += 2) {
          await store.append('ledger', last, [{ pair: last }, { pair: last, big: 'x'.repeat(20_000) }]);
        }
      };
      const writing = write();
      await backup({ dataFolder, store: source, to, keyFile, nowUnixMs });
      going = false;
      await writing;
      await restore({ from: to, dataFolder: elsewhere, keyFile });
      const restored = await openSqliteStore({ dataFolder: elsewhere, clock });
      const events = await restored.read('ledger', 0);
      expect(events.length).toBeGreaterThan(2000);
      expect(events.length % 2).toBe(0);
      expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
      await restored.close();
      await rm(elsewhere, { recursive: true });
      await rm(to);
    }
  });

  test('work with a passphrase or a key file, each only with its own', async () => {
    const wrong = { code: 'backup-wrong-secret' };
    const other = join(keys, 'other.key');
    await writeFile(other, Buffer.alloc(32, 8));
    await make();
    await expect(restore({ from: to, dataFolder: elsewhere, passphrase })).rejects.toMatchObject(wrong);
    await expect(restore({ from: to, dataFolder: elsewhere, keyFile: other })).rejects.toMatchObject(wrong);
    await rm(to);
    await backup({ dataFolder, store, to, passphrase, nowUnixMs });
    await expect(restore({ from: to, dataFolder: elsewhere, keyFile })).rejects.toMatchObject(wrong);
    await expect(restore({ from: to, dataFolder: elsewhere, passphrase: `${passphrase}!` })).rejects.toThrow('the passphrase does not open');
    expect(await readdir(root)).toEqual(['data', 'fleet.backup']);
    await restore({ from: to, dataFolder: elsewhere, passphrase });
    expect(await readFile(join(elsewhere, 'keys', 'ca.key'), 'utf8')).toBe('the key of the authority');
  });
});

describe('backup', () => {
  test('refuses a weak secret and a file that is there', async () => {
    const weak = join(keys, 'weak.key');
    await writeFile(weak, 'short');
    await expect(backup({ dataFolder, store, to, keyFile: weak, nowUnixMs })).rejects.toMatchObject({ code: 'backup-weak-secret' });
    await expect(backup({ dataFolder, store, to, passphrase: 'short', nowUnixMs })).rejects.toMatchObject({ code: 'backup-weak-secret' });
    await writeFile(to, 'mine');
    await expect(make()).rejects.toMatchObject({ code: 'target-exists' });
    expect(await readFile(to, 'utf8')).toBe('mine');
  });

  test('of a damaged store fails and leaves no file', async () => {
    await store.close();
    const path = join(dataFolder, 'store.db');
    const bytes = await readFile(path);
    const middle = 4096 * Math.floor(bytes.length / 8192);
    await writeFile(path, bytes.fill(0x55, middle, middle + 4096));
    await expect(backup({ dataFolder, store: sqliteStoreFile(dataFolder), to, keyFile, nowUnixMs })).rejects.toMatchObject({ code: 'store-corrupt' });
    expect(await readdir(root)).toEqual(['data']);
  });

  test('removes what a killed one left a day ago, and only that', async () => {
    for (const [name, ageMs] of [['.backup-old', 25 * 3_600_000], ['.backup-young', 3_600_000]] as const) {
      await mkdir(join(dataFolder, name));
      await utimes(join(dataFolder, name), new Date(nowUnixMs - ageMs), new Date(nowUnixMs - ageMs));
    }
    await make();
    expect((await readdir(dataFolder)).filter((name) => name.startsWith('.backup'))).toEqual(['.backup-young']);
  });
});

test('what is sealed is one frame, however small its pieces are', async () => {
  async function* pieces(): AsyncGenerator<Buffer> {
    for (let piece = 0; piece < 10; piece += 1) yield Buffer.of(piece);
  }
  await sealBackup(pieces(), { keyFile }, to);
  expect((await openByHand()).lastIndexOf(ZSTD_MAGIC)).toBe(0);
});

describe('restore refuses', () => {
  const refused = async (code: string): Promise<void> => {
    await expect(restore({ from: to, dataFolder: elsewhere, keyFile })).rejects.toMatchObject({ code });
    expect(await readdir(root)).toEqual(['data', 'fleet.backup']);
  };

  test('a flipped bit, wherever it is', async () => {
    await make();
    const { size } = await stat(to);
    const file = await open(to, 'r+');
    const places = [0, 9, 12, 20, 40, 45, 60, 79, 80, 81, 200, Math.floor(size / 2), size - 17, size - 16, size - 1];
    for (const at of places) {
      const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at);
      const was = buffer[0] ?? 0;
      await file.write(Buffer.of(was ^ 1), 0, 1, at);
      const refusal = await restore({ from: to, dataFolder: elsewhere, keyFile }).catch((error: unknown) => error);
      const codes = at < 80 ? ['backup-not-one', 'backup-damaged', 'backup-wrong-secret'] : ['backup-damaged'];
      expect(codes, `byte ${at}`).toContain((refusal as { code?: string }).code);
      await file.write(Buffer.of(was), 0, 1, at);
    }
    await file.close();
    expect(await readdir(root)).toEqual(['data', 'fleet.backup']);
    await restore({ from: to, dataFolder: elsewhere, keyFile });
  });

  test('a truncated or lengthened file', async () => {
    await make();
    const { size } = await stat(to);
    await writeFile(to, 'x', { flag: 'a' });
    await refused('backup-damaged');
    for (const [length, code] of [[size - 1, 'backup-damaged'], [Math.floor(size / 2), 'backup-damaged'], [97, 'backup-damaged'], [96, 'backup-damaged'], [80, 'backup-damaged'], [79, 'backup-not-one'], [0, 'backup-not-one']] as const) {
      await truncate(to, length);
      await refused(code);
    }
  });

  test('a newer format', async () => {
    await make();
    const bytes = await readFile(to);
    bytes[8] = 2;
    await writeFile(to, bytes);
    await refused('backup-newer-format');
  });

  test.each([
    ['another content', { sha256: '0'.repeat(64) }],
    ['more bytes than there are', { sizeBytes: 999 }],
    ['fewer bytes than there are', { sizeBytes: 3 }],
    ['a name that leads out of the folder', { name: '../escaped' }],
    ['a name that leads out of the folder in its middle', { name: 'keys/../../escaped' }],
    ['an absolute name', { name: '/tmp/escaped' }],
  ])('a manifest that speaks of %s', async (_, change) => {
    const path = join(dataFolder, 'keys', 'ca.key');
    const file = { ...(await describeFile(path, 'keys/ca.key')), ...change };
    await sealBackup(backupContent({ madeAtUnixMs: 0, files: [file] }, new Map([[file.name, path]])), { keyFile }, to);
    await refused('backup-damaged');
  });

  test('a content that goes on after its last file', async () => {
    async function* longer(): AsyncGenerator<Buffer> {
      yield* backupContent({ madeAtUnixMs: 0, files: [] }, new Map());
      yield Buffer.from('more');
    }
    await sealBackup(longer(), { keyFile }, to);
    await refused('backup-damaged');
  });

  test.each([
    ['bytes', Buffer.alloc(9)],
    ['a piece and more', Buffer.alloc(200_000)],
    ['a second frame', zstdCompressSync('more')],
    ['an empty frame', zstdCompressSync('')],
  ])('%s behind what was compressed, sealed with it', async (_, behind) => {
    const pieces: Buffer[] = [];
    for await (const piece of backupContent({ madeAtUnixMs: 0, files: [] }, new Map())) pieces.push(piece);
    const frame = zstdCompressSync(Buffer.concat(pieces));
    await sealByHand([frame]);
    await restore({ from: to, dataFolder: elsewhere, keyFile });
    await rm(elsewhere, { recursive: true });
    await sealByHand([frame, behind]);
    await refused('backup-damaged');
  });

  test('a folder that is not empty', async () => {
    await make();
    const refusal = await restore({ from: to, dataFolder, keyFile }).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'folder-not-empty' });
    expect((await store.read('ledger', 0)).length).toBe(2000);
  });
});

test.runIf(process.getuid?.() === 0)('restore as root keeps the owner of the empty data folder', async () => {
  await make();
  await mkdir(elsewhere, { mode: 0o700 });
  await chown(elsewhere, 1234, 1235);
  await restore({ from: to, dataFolder: elsewhere, keyFile });
  for (const name of ['.', 'store.db', 'keys', 'keys/ca.key']) {
    const { uid, gid } = await stat(join(elsewhere, name));
    expect([name, uid, gid]).toEqual([name, 1234, 1235]);
  }
});
