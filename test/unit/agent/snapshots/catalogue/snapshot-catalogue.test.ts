import { beforeEach, describe, expect, test } from 'vitest';

import { formatRecord } from '../../../../../shared/files/snapshot-record-file.ts';
import { SnapshotCatalogue } from '../../../../../agent/snapshots/catalogue/snapshot-catalogue.ts';
import type { SnapshotRecord } from '../../../../../shared/domain/snapshot.ts';
import { CRASH_LEFTOVERS, CrashingFolder, FolderCrashed } from '../../../../support/crashing-folder.ts';
import { exampleProof, exampleSnapshot } from '../../../../support/example-snapshot.ts';

const bytes = Buffer.from('the sealed bytes');
const one = snapshot('one');
const two = snapshot('two');
const proved = { ...one, proof: exampleProof(1_790_000_100_000) };
let folder: CrashingFolder;
let catalogue: SnapshotCatalogue;

function snapshot(id: string): SnapshotRecord {
  return exampleSnapshot({ id, sealed: { digest: 'b'.repeat(64), sizeBytes: bytes.length, recipients: ['c'.repeat(64)] } });
}

beforeEach(() => {
  folder = new CrashingFolder();
  catalogue = new SnapshotCatalogue(folder);
});

async function add(record: SnapshotRecord): Promise<void> {
  folder.files.set(`${record.id}.snapshot`, bytes);
  await catalogue.put(record);
}

test('what was put is listed, with its newest record, and gone when it is removed', async () => {
  await add(one);
  await add(two);
  await catalogue.put(proved);
  expect(await catalogue.list()).toEqual({ records: [proved, two], problems: [] });
  await catalogue.remove('one');
  await catalogue.remove('one');
  expect(await catalogue.list()).toEqual({ records: [two], problems: [] });
  expect([...folder.files.keys()]).toEqual(['two.snapshot', 'two.record']);
});

test('bytes that nobody sealed are measured by their plain size', async () => {
  const plain = { ...one, sealed: null, plain: { digest: 'a'.repeat(64), sizeBytes: bytes.length } };
  await add(plain);
  expect(await catalogue.list()).toEqual({ records: [plain], problems: [] });
});

test('nothing is recorded that is not there as it was written', async () => {
  await expect(catalogue.put(one)).rejects.toThrow('one.snapshot is gone');
  folder.files.set('one.snapshot', bytes.subarray(1));
  await expect(catalogue.put(one)).rejects.toThrow('has 15 bytes and not the 16');
  expect([...folder.files.keys()]).toEqual(['one.snapshot']);
});

test.each(['', '../one', 'one/two', 'One', '.one', 'x'.repeat(65)])('%j leads nowhere', async (id) => {
  await expect(catalogue.remove(id)).rejects.toThrow('no id of a snapshot');
  expect(() => catalogue.pathOf(id)).toThrow('no id of a snapshot');
});

const whole = formatRecord(one);
test.each<readonly [string, readonly (readonly [string, Buffer | string | null])[], string, string]>([
  ['a record without its bytes', [['one.snapshot', null]], 'record-without-file', 'one.snapshot'],
  ['bytes without a record', [['one.record', null]], 'file-without-record', 'one.snapshot'],
  ['bytes that grew', [['one.snapshot', Buffer.concat([bytes, bytes])]], 'size-changed', 'one.snapshot'],
  ['bytes that are cut', [['one.snapshot', bytes.subarray(2)]], 'size-changed', 'one.snapshot'],
  ['an empty record', [['one.record', '']], 'record-torn', 'one.record'],
  ['half a record', [['one.record', whole.slice(0, 200)]], 'record-torn', 'one.record'],
  ['a record without its last byte', [['one.record', whole.slice(0, -1)]], 'record-torn', 'one.record'],
  ['two records in one', [['one.record', whole + whole]], 'record-torn', 'one.record'],
  ['one digit changed', [['one.record', whole.replace('"revision":302', '"revision":303')]], 'record-torn', 'one.record'],
  ['a record of later', [['one.record', whole.replace('snapshot 1', 'snapshot 2')]], 'record-torn', 'one.record'],
  ['a record of another', [['one.record', formatRecord(two)]], 'record-torn', 'one.record'],
  ['a kind of datastore of later', [['one.record', formatRecord({ ...one, datastore: 'mysql' as 'etcd' })]], 'record-torn', 'one.record'],
  ['a record with a field too few', [['one.record', formatRecord({ ...one, sealed: undefined as never })]], 'record-torn', 'one.record'],
  ['a copy of later', [['one.record', formatRecord({ ...one, copies: [{ kind: 'tape' } as never] })]], 'record-torn', 'one.record'],
  ['an id that leads elsewhere', [['one.record', formatRecord({ ...one, id: '../one' })]], 'record-torn', 'one.record'],
  ['a deletion that did not end', [['one.record', null], ['one.deleting', whole]], 'half-deleted', 'one.deleting'],
  ['a taking that did not end', [['three.snapshot.part', bytes]], 'half-written', 'three.snapshot.part'],
  ['a record that did not get its name', [['one.record.new', whole.slice(0, 9)]], 'half-written', 'one.record.new'],
  ['what a person put there', [['backup of one.db', bytes]], 'unknown-file', 'backup of one.db'],
])('%s is told, once, and the others stay', async (_what, changes, code, file) => {
  await add(one);
  await add(two);
  for (const [name, content] of changes) {
    if (content === null) folder.files.delete(name);
    else folder.files.set(name, Buffer.from(content));
  }
  const { records, problems } = await catalogue.list();
  expect(problems).toEqual([{ code, file, message: expect.stringMatching(/\w{3}/) as string }]);
  expect(records).toContainEqual(two);
  // Each file is an entry's or a problem's.
  const told = [...records.flatMap(({ id }) => [`${id}.snapshot`, `${id}.record`]), ...problems.flatMap(({ file: name }) => [name, ...['snapshot', 'record'].map((kind) => name.replace(/\.[a-z]+$/, `.${kind}`))])];
  expect([...folder.files.keys()].filter((name) => !told.includes(name))).toEqual([]);
});

test('what takings left goes when none is running; all else stays', async () => {
  await add(one);
  for (const name of ['two.snapshot.part', 'two.record.new', 'three.snapshot', 'notes']) folder.files.set(name, bytes);
  await catalogue.removeHalfWritten();
  expect([...folder.files.keys()]).toEqual(['one.snapshot', 'one.record', 'three.snapshot', 'notes']);
});

/** What can be done to an entry, and what stands there before. */
const CHANGES: readonly (readonly [string, readonly SnapshotRecord[], (catalogue: SnapshotCatalogue) => Promise<void>, readonly SnapshotRecord[]])[] = [
  ['recorded', [], (of) => of.put(one), [one]],
  ['proved', [one], (of) => of.put(proved), [proved]],
  ['removed', [one], (of) => of.remove('one'), []],
];

describe.each(CHANGES)('a power cut while a snapshot is %s', (_what, before, change, after) => {
  test('leaves no record of what is gone, tells everything, harms no other, and can be done again', async () => {
    let crashes = 0;
    for (let at = 1; ; at += 1) {
      const ended = await Promise.all(CRASH_LEFTOVERS.map(async (left) => {
        const files = new Map([['one.snapshot', bytes], ['two.snapshot', bytes], ['two.record', Buffer.from(formatRecord(two))], ...before.map((record) => [`${record.id}.record`, Buffer.from(formatRecord(record))] as const)]);
        const dying = new CrashingFolder(files);
        dying.crashIn(at, left);
        const died = await change(new SnapshotCatalogue(dying)).then(() => false, (error: unknown) => error instanceof FolderCrashed);
        if (!died) return true;
        crashes += 1;
        if (files.has('one.record')) expect(files.get('one.snapshot')).toEqual(bytes);
        const restarted = new SnapshotCatalogue(new CrashingFolder(files));
        const { records, problems } = await restarted.list();
        expect(records).toContainEqual(two);
        expect([...before, ...after]).toEqual(expect.arrayContaining(records.filter(({ id }) => id === 'one')));
        const isEntry = records.some(({ id }) => id === 'one');
        const isThere = [...files.keys()].some((name) => name.startsWith('one.'));
        expect(isEntry || problems.some(({ file }) => file.startsWith('one.')) || !isThere).toBe(true);
        await restarted.removeHalfWritten();
        await change(restarted);
        expect(await restarted.list()).toEqual({ records: [...after, two], problems: [] });
        return false;
      }));
      if (ended.every(Boolean)) break;
      expect(ended.some(Boolean)).toBe(false);
    }
    expect(crashes).toBe(after.length === 0 ? 9 : 3);
  });
});
