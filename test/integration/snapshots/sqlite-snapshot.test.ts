import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { pack } from 'tar-stream';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { openPlainFileSink } from '../../../agent/snapshots/plain-file-sink.ts';
import { generateIdentity } from '../../../shared/age/age-keys.ts';
import { openSealedFileSink } from '../../../agent/snapshots/sealed/sealed-file-sink.ts';
import { checkSqliteSnapshot } from '../../../agent/snapshots/sqlite/check-sqlite-snapshot.ts';
import { takeSqliteSnapshot, type TakenSqliteSnapshot } from '../../../agent/snapshots/sqlite/take-sqlite-snapshot.ts';
import type { SnapshotRecord } from '../../../shared/domain/snapshot.ts';
import { mustRun } from '../../fleet/run-program.ts';
import { exampleSnapshot } from '../../support/example-snapshot.ts';
import { type KineDatabase, kineServer } from '../../support/kine-server.ts';
import { manualClock } from '../../support/manual-clock.ts';

const identity = generateIdentity();
const clock = manualClock();
const { signal } = new AbortController();
let root: string;
let scratch: string;
let server: string;
let kine: KineDatabase;
let path: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'farrier-kine-'));
  scratch = join(root, 'scratch');
  path = join(root, 'snapshot');
  await mkdir(scratch, { mode: 0o700 });
  ({ server, kine } = kineServer(root));
});
afterEach(async () => {
  if (kine.database.isOpen) kine.database.close();
  await rm(root, { recursive: true });
});

async function take(sealed = true, stop = signal): Promise<TakenSqliteSnapshot> {
  const sink = sealed ? await openSealedFileSink(path, [identity.recipient], stop) : await openPlainFileSink(path, stop);
  return await takeSqliteSnapshot({ folder: server, version: 'v1.34.2+k3s1', scratchFolder: scratch }, sink, clock, stop);
}

function recordOf(taken: TakenSqliteSnapshot): SnapshotRecord {
  if (!taken.ok) throw new Error(taken.message);
  const { facts, takenUnixMs, written } = taken;
  return exampleSnapshot({ datastore: 'sqlite', clusterId: null, ...facts, takenUnixMs, ...written });
}

const check = async (record: SnapshotRecord) => await checkSqliteSnapshot(createReadStream(path), record, [identity], scratch, signal);

test.each([true, false])('what was taken (sealed: %s) is proved: revision and live keys as K3s counts them', async (sealed) => {
  const record = recordOf(await take(sealed));
  expect(record).toMatchObject({ revision: 72, liveKeys: 40, takenUnixMs: clock.wallUnixMs() });
  expect(await check(record)).toEqual({ ok: true, compared: ['digest', 'structure', 'revision', 'live-keys', 'token'] });
  expect(await readdir(scratch)).toEqual([]);
});

test('the archive unpacks with tar, modes, owners and links kept, and nothing of it is readable before', async () => {
  recordOf(await take(false));
  await mkdir(join(root, 'restored'));
  await mustRun(['tar', '--extract', '--file', path, '--directory', join(root, 'restored')], { timeoutMs: 10_000 });
  const listed = async (folder: string) => {
    const output = await mustRun(['find', 'server', '-not', '-path', 'server/db*', '-printf', '%P %M %U %G %l %T@\n'], { cwd: folder, timeoutMs: 10_000 });
    return output.split('\n').filter((line) => /\S/.test(line) && !line.startsWith(' ')).map((line) => line.replace(/\.\d+$/, '')).toSorted();
  };
  expect(await listed(join(root, 'restored'))).toEqual(await listed(root));
  expect(await readFile(join(root, 'restored/server/tls/server-ca.key'), 'utf8')).toBe('the key of the authority');
  const restored = new DatabaseSync(join(root, 'restored/server/db/state.db'), { readOnly: true });
  expect(restored.prepare('SELECT * FROM kine ORDER BY id').all()).toEqual(kine.database.prepare('SELECT * FROM kine ORDER BY id').all());
  restored.close();
  await rm(path);
  recordOf(await take());
  expect((await readFile(path)).includes('::server:secret')).toBe(false);
});

test('another process writes all the while: each snapshot is of one moment, and no write is lost', async () => {
  // So much that the copy takes several steps, with writes in between.
  kine.database.exec('BEGIN');
  for (let at = 0; at < 5_000; at += 1) kine.write(`/registry/configmaps/default/large-${at}`, Buffer.alloc(4_000, at));
  kine.database.exec('COMMIT');
  const writer = spawn(process.execPath, [fileURLToPath(new URL('kine-writer.ts', import.meta.url)), join(server, 'db/state.db')], { stdio: ['ignore', 'pipe', 'inherit'] });
  const revisions: number[] = [];
  const closed = new Promise((resolve) => writer.once('close', resolve));
  createInterface({ input: writer.stdout }).on('line', (line) => void revisions.push(Number(line)));
  try {
    while (revisions.length < 100) await new Promise((resolve) => setTimeout(resolve, 5));
    for (let round = 0; round < 3; round += 1) {
      const before = revisions.at(-1) ?? 0;
      const record = recordOf(await take());
      expect(record.revision).toBeGreaterThanOrEqual(before);
      while ((revisions.at(-1) ?? 0) <= record.revision) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(await check(record)).toMatchObject({ ok: true });
    }
  } finally {
    writer.kill('SIGKILL');
    await closed;
  }
  // Whatever it acknowledged before, and it went on in between.
  expect(revisions).toEqual(Array.from({ length: revisions.length }, (_, index) => 5_073 + index));
}, 60_000);

test('a server that has stopped is taken as well', async () => {
  kine.database.close();
  expect(recordOf(await take())).toMatchObject({ revision: 72, liveKeys: 40 });
});

test.each<readonly [string, string, () => Promise<unknown>]>([
  ['no-database', 'no database', () => rm(join(server, 'db'), { recursive: true })],
  ['no-token', 'no token', () => rm(join(server, 'token'))],
  ['no-token', 'an empty token', () => writeFile(join(server, 'token'), '')],
  ['not-kine', 'another database', async () => kine.database.exec('DROP TABLE kine')],
  ['damaged-database', 'a file that is none', async () => {
    kine.database.close();
    await writeFile(join(server, 'db/state.db'), Buffer.alloc(100_000, 'x'));
  }],
  ['damaged-database', 'a page overwritten', () => damage(join(server, 'db/state.db'))],
  ['busy', 'a database that somebody holds alone', async () => kine.database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE')],
])('%s: %s is told, and leaves nothing', async (code, _what, change) => {
  await change();
  expect(await take()).toMatchObject({ ok: false, code });
  expect([await readdir(scratch), await readdir(root)]).toEqual([[], ['scratch', 'server']]);
});

test('a signal that fires, or a sink that fails, leaves nothing', async () => {
  const stop = new AbortController();
  const taking = take(true, stop.signal);
  stop.abort(new Error('stopped'));
  await expect(taking).rejects.toThrow('stopped');
  const sink = await openSealedFileSink(path, [identity.recipient], signal);
  const full = { ...sink, write: async () => await Promise.reject(new Error('the disk is full')) };
  await expect(takeSqliteSnapshot({ folder: server, version: '', scratchFolder: scratch }, full, clock, signal)).rejects.toThrow('the disk is full');
  const unopened = await openSealedFileSink(path, [identity.recipient], signal);
  await expect(takeSqliteSnapshot({ folder: server, version: '', scratchFolder: join(root, 'gone') }, unopened, clock, signal)).rejects.toThrow('ENOENT');
  expect([await readdir(scratch), await readdir(root)]).toEqual([[], ['scratch', 'server']]);
});

test('a copy that changed on its way is refused', async () => {
  const record = recordOf(await take());
  const { size } = await stat(path);
  await truncate(path, size - 100);
  expect(await check(record)).toMatchObject({ ok: false, code: 'damaged' });
  await rm(path);
  const plain = recordOf(await take(false));
  const file = await open(path, 'r+');
  await file.write(Buffer.from([0xff]), 0, 1, 20_000);
  await file.close();
  expect(await check(plain)).toMatchObject({ ok: false, code: 'other-bytes' });
  expect(await check({ ...plain, plain: { ...plain.plain, sizeBytes: 1_000 } })).toMatchObject({ ok: false, code: 'too-large' });
  expect(await checkSqliteSnapshot(createReadStream(path), record, [generateIdentity()], scratch, signal)).toMatchObject({ ok: false, code: 'not-sealed' });
  expect(await readdir(scratch)).toEqual([]);
});

test('a snapshot that is not what was recorded is refused', async () => {
  const record = recordOf(await take());
  expect(await check({ ...record, revision: 71 })).toMatchObject({ ok: false, code: 'other-revision' });
  expect(await check({ ...record, liveKeys: 41 })).toMatchObject({ ok: false, code: 'other-keys' });
  expect(await check({ ...record, liveKeys: null })).toMatchObject({ ok: false, code: 'other-keys' });
});

const MANIFEST = { format: 1, version: 'v1.34.2+k3s1', takenUnixMs: 0, revision: 72, liveKeys: 40 };
const manifest = ['farrier-k3s-snapshot.json', JSON.stringify(MANIFEST)] as const;
const token = ['server/token', 'secret'] as const;

/** Archives that were sealed and recorded as they are, by a program that is not ours or was wrong. */
test.each<readonly [string, string, (database: Buffer) => readonly (readonly [string, string | Buffer])[]]>([
  ['ok', 'all that it needs', (database) => [manifest, token, ['server/db/state.db', database]]],
  ['no-token', 'no token', (database) => [manifest, ['server/db/state.db', database]]],
  ['broken-archive', 'no manifest', (database) => [token, ['server/db/state.db', database]]],
  ['broken-archive', 'a manifest of later', (database) => [['farrier-k3s-snapshot.json', JSON.stringify({ ...MANIFEST, format: 2 })], token, ['server/db/state.db', database]]],
  ['other-revision', 'a manifest of another', (database) => [['farrier-k3s-snapshot.json', JSON.stringify({ ...MANIFEST, revision: 71 })], token, ['server/db/state.db', database]]],
  ['broken-archive', 'no database', () => [manifest, token]],
  ['broken-archive', 'two databases', (database) => [manifest, token, ['server/db/state.db', database], ['server/db/state.db', database]]],
  ['broken-archive', 'a name that leads out', (database) => [manifest, token, ['../../etc/cron.d/x', 'x'], ['server/db/state.db', database]]],
  ['damaged-database', 'half a database', (database) => [manifest, token, ['server/db/state.db', database.subarray(0, 40_960)]]],
  ['damaged-database', 'a database of zeros in its middle', (database) => [manifest, token, ['server/db/state.db', Buffer.concat([database.subarray(0, 40_960), Buffer.alloc(8_192), database.subarray(49_152)])]]],
])('%s: an archive with %s', async (code, _what, filesOf) => {
  kine.database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  const archive = pack();
  for (const [name, content] of filesOf(await readFile(join(server, 'db/state.db')))) archive.entry({ name }, content);
  archive.finalize();
  const sink = await openPlainFileSink(path, signal);
  for await (const chunk of archive as AsyncIterable<Buffer>) await sink.write(chunk);
  const record = exampleSnapshot({ datastore: 'sqlite', revision: 72, liveKeys: 40, ...(await sink.finish()) });
  expect(await check(record)).toMatchObject(code === 'ok' ? { ok: true } : { ok: false, code });
  expect(await readdir(scratch)).toEqual([]);
});

test('what is no archive, or half of one, is refused', async () => {
  for (const content of [Buffer.alloc(5_000, 'x'), Buffer.alloc(0)]) {
    const sink = await openPlainFileSink(path, signal);
    await sink.write(content);
    expect(await check(exampleSnapshot({ ...(await sink.finish()) }))).toMatchObject({ ok: false, code: 'broken-archive' });
  }
  const record = recordOf(await take(false));
  const half = (await readFile(path)).subarray(0, 30_000);
  const sink = await openPlainFileSink(path, signal);
  await sink.write(half);
  expect(await check({ ...record, ...(await sink.finish()) })).toMatchObject({ ok: false, code: 'broken-archive' });
});

test('a link in the place of the token is no token', async () => {
  await rm(join(server, 'token'));
  await symlink('/etc/hostname', join(server, 'token'));
  expect(await take()).toMatchObject({ ok: false, code: 'no-token' });
});

async function damage(database: string): Promise<void> {
  kine.database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  kine.database.close();
  const file = await open(database, 'r+');
  await file.write(Buffer.alloc(4_096, 0x5a), 0, 4_096, 4_096 * 9);
  await file.close();
}
