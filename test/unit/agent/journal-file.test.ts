import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { DurableFiles } from '../../../agent/ports/durable-files.ts';
import { type OpenJournal, openJournal } from '../../../agent/runner/journal-file.ts';
import { JournalReader } from '../../../agent/runner/journal-reader.ts';
import { systemRandom } from '../../../shared/ports/system-random.ts';
import { entry } from '../../support/journal-records.ts';
import { manualClock } from '../../support/manual-clock.ts';

/** Each byte costs a sync or more, which a busy disk takes its time for. */
const EVERY_BYTE_MAX_MS = 120_000;

let state: string;
let folder: string;
let calls: string[];

const files: DurableFiles = { syncFile: () => calls.push('file'), syncFolder: () => calls.push('folder') };
const parts = () => ({ folder, bootId: 'boot-1', format: 1, clock: manualClock(), random: systemRandom, files });

function open(): OpenJournal {
  const opened = openJournal(parts());
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.journal;
}

function problem(): string {
  const opened = openJournal(parts());
  if (opened.ok) opened.journal.close();
  return opened.ok ? 'none' : `${opened.error.code}:${opened.error.line}`;
}

function write(count: number): void {
  const journal = open();
  for (let generation = 1; generation <= count; generation += 1) journal.append([entry('accepted', { generation })]);
  journal.close();
}

const log = (): string => join(folder, 'journal.log');

beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'farrier-journal-'));
  folder = join(state, 'journal');
  calls = [];
});
afterEach(() => rmSync(state, { recursive: true, force: true }));

describe('what is written', () => {
  test('is there again, under the same id, with sequences going on', () => {
    const first = open();
    first.append([entry('accepted'), entry('stage')]);
    first.close();
    const second = open();
    expect(second.journalId).toBe(first.journalId);
    expect(second.append([entry('done')])[0]?.sequence).toBe(3);
    expect(second.records.map(({ kind }) => kind)).toEqual(['accepted', 'stage', 'done']);
    second.close();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(log()).mode & 0o777).toBe(0o600);
  });

  test('is one line a record: checksum, space, json', () => {
    write(1);
    const [line = ''] = readFileSync(log(), 'utf8').split('\n');
    expect(line.slice(0, 9)).toBe(`${crc32(line.slice(9)).toString(16).padStart(8, '0')} `);
    expect(JSON.parse(line.slice(9))).toMatchObject({ format: 1, sequence: 1, kind: 'accepted' });
  });

  test('is synced before append returns, and once for a group', () => {
    const journal = open();
    calls = [];
    journal.append([entry('accepted'), entry('stage')]);
    expect(calls).toEqual(['file']);
    journal.close();
  });

  test('a journal whose fsync failed writes no more', () => {
    const journal = openJournal({ ...parts(), files: { syncFile: () => { if (calls.push('file') > 4) throw new Error('EIO'); }, syncFolder: () => undefined } });
    if (!journal.ok) throw new Error('not opened');
    calls.push('', '', '');
    expect(() => journal.journal.append([entry('accepted')])).toThrow('EIO');
    calls = [];
    expect(() => journal.journal.append([entry('accepted')])).toThrow(/new process/);
    journal.journal.close();
  });
});

describe('what is read', () => {
  test('a torn tail is cut off wherever it was torn, and only then written over', () => {
    write(3);
    const whole = readFileSync(log());
    const lastStart = whole.lastIndexOf(10, whole.length - 2) + 1;
    for (let length = lastStart; length < whole.length; length += 1) {
      writeFileSync(log(), whole.subarray(0, length));
      expect(new JournalReader(folder, files).records.length, `torn at ${length}`).toBe(2);
      const journal = open();
      expect(journal.records.length).toBe(2);
      expect(journal.append([entry('accepted', { generation: 9 })])[0]?.sequence).toBe(3);
      journal.close();
      expect(problem()).toBe('none');
    }
  }, EVERY_BYTE_MAX_MS);

  test('a last line with a wrong checksum is a torn tail, zeros behind the end are too', () => {
    write(2);
    appendFileSync(log(), '00000000 {"format":1}\n');
    const journal = open();
    expect(journal.records.length).toBe(2);
    journal.close();
    appendFileSync(log(), Buffer.alloc(4096));
    expect(problem()).toBe('none');
  });

  test.each([
    ['a flipped bit', (text: string) => text.replace('"sequence":2', '"sequence":7')],
    ['a line taken out', (text: string) => text.split('\n').toSpliced(1, 1).join('\n')],
    ['a line doubled', (text: string) => text.split('\n').toSpliced(1, 0, text.split('\n')[0] ?? '').join('\n')],
    ['an empty line', (text: string) => text.replace('\n', '\n\n')],
  ])('%s in the middle is an error with its line, and the file stays as it is', (_name, damage) => {
    write(3);
    writeFileSync(log(), damage(readFileSync(log(), 'utf8')));
    const before = readFileSync(log());
    expect(problem()).toBe('journal-broken:2');
    expect(new JournalReader(folder, files).error?.code).toBe('journal-broken');
    expect(readFileSync(log())).toEqual(before);
  });

  test('a newer format is an error of its own; unknown fields are skipped', () => {
    write(1);
    const record = JSON.parse(readFileSync(log(), 'utf8').slice(9)) as object;
    const line = (value: object): string => {
      const json = JSON.stringify(value);
      return `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`;
    };
    writeFileSync(log(), line({ ...record, mood: 'fine' }));
    expect(problem()).toBe('none');
    writeFileSync(log(), line({ ...record, format: 2, kind: 'danced' }));
    expect(problem()).toBe('journal-format:1');
  });

  test('a journal that vanished is not silently begun anew', () => {
    write(1);
    rmSync(log());
    expect(problem()).toBe('journal-missing:0');
  });

  test('a power cut while it was made leaves one that works', () => {
    write(0);
    rmSync(join(folder, 'journal.id'));
    truncateSync(log(), 0);
    expect(problem()).toBe('none');
  });
});

test('keeps the last 20 assignments and goes on counting', () => {
  write(25);
  const journal = open();
  expect(journal.records.map(({ generation }) => generation)).toEqual(Array.from({ length: 20 }, (_, index) => index + 6));
  expect(journal.records[0]?.sequence).toBe(6);
  expect(journal.append([entry('done', { generation: 25 })])[0]?.sequence).toBe(26);
  journal.close();
  expect(problem()).toBe('none');
});

test('one writer at a time, also between processes; the lock dies with its owner', () => {
  const journal = open();
  expect(problem()).toBe('journal-locked:0');
  const other = spawnSync('flock', ['-n', join(folder, 'lock'), 'true']);
  expect(other.status).toBe(1);
  journal.close();
  expect(problem()).toBe('none');
});

test('a reader sees what came since it last looked, and only what was synced', () => {
  write(3);
  const reader = new JournalReader(folder, files);
  expect(reader.records.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
  expect(reader.refresh()).toBe(false);
  const journal = open();
  journal.append([entry('done', { generation: 3 })]);
  journal.close();
  calls = [];
  expect(reader.refresh()).toBe(true);
  expect(calls).toEqual(['file']);
  expect(reader.records.slice(3).map(({ kind }) => kind)).toEqual(['done']);
});

test('growth is told to whoever listens, also where somebody else looked first', async () => {
  write(1);
  const reader = new JournalReader(folder, files);
  let told = 0;
  const stop = reader.onGrowth(() => (told += 1));
  const journal = open();
  journal.append([entry('done', { generation: 3 })]);
  journal.close();
  expect(reader.refresh()).toBe(true);
  await expect.poll(() => told).toBe(1);
  stop();
});
