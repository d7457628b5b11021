import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { CopyFolder } from '../../../coordinator/adapters/copy-folder.ts';
import type { ObjectAnswer, ObjectStore, ObjectStoreCode } from '../../../coordinator/ports/object-store.ts';
import { type NamedStore, OutsideCopies } from '../../../coordinator/runtime/outside-copies.ts';
import { SnapshotLog } from '../../../coordinator/runtime/snapshot-log.ts';
import type { SnapshotCopy } from '../../../shared/domain/snapshot.ts';
import { failure } from '../../../shared/trust/failure.ts';
import { exampleProofRecord } from '../../support/example-proof-record.ts';
import { exampleSnapshot } from '../../support/example-snapshot.ts';
import { lineLogger } from '../../support/line-logger.ts';
import { manualClock } from '../../support/manual-clock.ts';
import { memoryObjectStore } from '../../support/memory-object-store.ts';
import { memoryStore } from '../../support/memory-store.ts';
import { bytesOf, sourceOf } from '../../support/object-store-cases.ts';

const never = new AbortController().signal;
const clock = manualClock();
const HOUR_MS = 3_600_000;
let folder: string;
let copies: CopyFolder;
let log: SnapshotLog;
let lines: readonly string[];
let memory: ObjectStore;
let offsite: NamedStore;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'farrier-outside-'));
  copies = new CopyFolder(folder);
  log = await SnapshotLog.open(memoryStore({ clock }), clock);
  memory = memoryObjectStore();
  offsite = { name: 'offsite', prefix: 'backups/', prune: true, store: memory };
});
afterEach(() => rmSync(folder, { recursive: true }));

function outside(...stores: readonly NamedStore[]): OutsideCopies {
  const logger = lineLogger();
  lines = logger.lines;
  return new OutsideCopies({ fleet: 'demo', stores, log, folder: copies, keep: () => ({ newest: 1, withinMs: 0, hourly: 0, daily: 0, weekly: 0 }), clock, logger: logger.logger });
}

/** One that came from its host and lies here. */
async function arrive(id: string, agoHours: number, { here = true } = {}): Promise<Buffer> {
  const bytes = randomBytes(1_000);
  const digest = createHash('sha256').update(bytes).digest('hex');
  const record = exampleSnapshot({ id, cluster: 'prod', takenUnixMs: clock.wallUnixMs() - agoHours * HOUR_MS, plain: { digest: plainDigestOf(id), sizeBytes: 2_000 }, sealed: { digest, sizeBytes: bytes.length, recipients: [] } });
  await log.append('prod', () => [{ type: 'reported', node: 'cp-1', records: [record], gone: [] }]);
  if (!here) return bytes;
  writeFileSync(copies.pathOf(digest), bytes);
  await log.append('prod', () => [{ type: 'copied', node: 'cp-1', id, copy: { kind: 'coordinator' } }]);
  return bytes;
}

function plainDigestOf(id: string): string {
  return sourceOf(Buffer.from(id)).digest;
}

function copiesOf(id: string): readonly SnapshotCopy[] {
  return log.of('prod').snapshots.find(({ record }) => record.id === id)?.record.copies ?? [];
}

function keysOf(id: string): readonly string[] {
  return copiesOf(id).flatMap((copy) => (copy.kind === 'object-store' ? [`${copy.store} ${copy.key}`] : []));
}

/** A store that answers so while `fails` says so. */
function failing(code: ObjectStoreCode, fails: (key: string) => boolean): NamedStore {
  const or = <T>(key: string, answer: () => Promise<ObjectAnswer<T>>): Promise<ObjectAnswer<T>> => (fails(key) ? Promise.resolve(failure(code, 'it does not')) : answer());
  const store: ObjectStore = { ...memory, put: (key, source, signal) => or(key, () => memory.put(key, source, signal)), delete: (key, signal) => or(key, () => memory.delete(key, signal)), get: (key, range, signal) => or(key, () => memory.get(key, range, signal)) };
  return { name: 'failing', prefix: '', prune: true, store };
}

test('what came here goes to each store once, sealed as it is, and is noted', async () => {
  const bytes = await arrive('one', 1);
  await arrive('away', 1, { here: false });
  const second = { ...offsite, name: 'second', prefix: '' };
  const copying = outside(offsite, second);
  await copying.push(never);
  const digest = createHash('sha256').update(bytes).digest('hex');
  const key = `demo/prod/cp-1/one-${digest.slice(0, 16)}.snapshot`;
  expect(keysOf('one')).toEqual([`offsite backups/${key}`, `second ${key}`]);
  expect(keysOf('away')).toEqual([]);
  expect((await bytesOf(memory, `backups/${key}`, 0, bytes.length)).equals(bytes)).toBe(true);
  const { sequence } = log.of('prod');
  await copying.push(never);
  expect(log.of('prod').sequence).toBe(sequence);
});

test('a store that is away is told once, keeps no other waiting, and gets everything when it is back', async () => {
  await arrive('one', 2);
  await arrive('two', 1);
  let isAway = true;
  const copying = outside(failing('unreachable', () => isAway), offsite);
  for (let pass = 0; pass < 3; pass += 1) await copying.push(never);
  expect(lines.filter((line) => line.includes('does not do what is asked'))).toHaveLength(1);
  expect([keysOf('one'), keysOf('two')].flat().map((key) => key.split(' ')[0])).toEqual(['offsite', 'offsite']);
  isAway = false;
  await copying.push(never);
  expect([keysOf('one'), keysOf('two')].flat()).toHaveLength(4);
  expect(lines.some((line) => line.includes('takes copies again'))).toBe(true);
});

test('where something else lies under the key of one, the others go all the same, and nothing is noted of it', async () => {
  await arrive('one', 2);
  await arrive('two', 1);
  await outside(failing('other-object', (key) => key.includes('/one-'))).push(never);
  expect(keysOf('one')).toEqual([]);
  expect(keysOf('two')).toHaveLength(1);
});

test('a file that became another one is stored nowhere', async () => {
  const bytes = await arrive('one', 1);
  writeFileSync(copies.pathOf(createHash('sha256').update(bytes).digest('hex')), randomBytes(bytes.length));
  await outside(offsite).push(never);
  expect(keysOf('one')).toEqual([]);
  expect(await memory.list('', never)).toEqual({ ok: true, value: [] });
});

test('what the policy keeps no longer is deleted there; the newest and the newest proved stay', async () => {
  await arrive('old', 5);
  await arrive('proved', 4);
  await arrive('new', 1);
  const proof = exampleProofRecord();
  await log.append('prod', () => [{ type: 'proved', command: 'c1', proof: { ...proof, provedUnixMs: clock.wallUnixMs(), snapshot: { ...proof.snapshot, digest: plainDigestOf('proved') } }, envelope: '' }]);
  const copying = outside(offsite);
  await copying.push(never);
  await copying.prune(never);
  expect(['old', 'proved', 'new'].map((id) => keysOf(id).length)).toEqual([0, 1, 1]);
  const listed = await memory.list('backups/', never);
  expect(listed.ok ? listed.value.map(({ key }) => /cp-1\/(\w+)-/.exec(key)?.[1]) : []).toEqual(['new', 'proved']);
});

test('a store that lets nobody delete keeps what it has, and the catalogue says so', async () => {
  await arrive('old', 5);
  await arrive('new', 1);
  const locked = failing('access-denied', () => false);
  await outside(locked, { ...offsite, prune: false }).push(never);
  await outside(failing('access-denied', () => true), { ...offsite, prune: false }).prune(never);
  expect(keysOf('old').map((key) => key.split(' ')[0])).toEqual(['failing', 'offsite']);
});

test('the newest is brought back when it is lost here, from the store that has it whole', async () => {
  await arrive('old', 5);
  const bytes = await arrive('new', 1);
  const digest = createHash('sha256').update(bytes).digest('hex');
  const tampered = memoryObjectStore();
  const second = { ...offsite, name: 'second', store: tampered };
  await outside(offsite, second).push(never);
  await log.append('prod', () => ['old', 'new'].map((id) => ({ type: 'copy-removed', node: 'cp-1', id, copy: { kind: 'coordinator' } }) as const));
  rmSync(copies.pathOf(digest));
  const key = keysOf('new')[0]?.split(' ')[1] ?? '';
  await tampered.delete(key, never);
  await tampered.put(key, sourceOf(randomBytes(bytes.length)), never);
  let brokeOff = 0;
  const cutOff: ObjectStore = {
    ...memory,
    get: async (of, range, signal) => {
      brokeOff += 1;
      return brokeOff > 2 ? await memory.get(of, range, signal) : { ok: true, value: breaking(bytes.subarray(range.from, range.from + 300)) };
    },
  };
  const copying = outside(second, { ...offsite, store: cutOff });
  await copying.bringBack(never);
  expect(readFileSync(copies.pathOf(digest)).equals(bytes)).toBe(true);
  expect(brokeOff).toBe(3);
  expect(copiesOf('new')).toContainEqual({ kind: 'coordinator' });
  expect(copiesOf('old')).not.toContainEqual({ kind: 'coordinator' });
});

test('nothing is brought back while a newer one lies here', async () => {
  await arrive('old', 5);
  const copying = outside(offsite);
  await copying.push(never);
  await log.append('prod', () => [{ type: 'copy-removed', node: 'cp-1', id: 'old', copy: { kind: 'coordinator' } }]);
  await arrive('new', 1);
  await copying.bringBack(never);
  expect(copiesOf('old')).not.toContainEqual({ kind: 'coordinator' });
});

test('an abort ends a pass', async () => {
  await arrive('one', 1);
  await expect(outside(offsite).push(AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
});

async function* breaking(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes;
  throw new Error('the line broke');
}
