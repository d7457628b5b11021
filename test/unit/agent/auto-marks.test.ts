import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { withAutoMarks } from '../../../agent/adapters/apt/auto-marks.ts';

let root = '';
let marks = '';
let folder = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'farrier-marks-'));
  marks = join(root, 'extended_states');
  folder = join(root, 'step');
  mkdirSync(folder);
});
afterEach(() => rmSync(root, { recursive: true }));

const work = (write: string | null) => withAutoMarks(folder, () => Promise.resolve(write === null ? undefined : writeFileSync(marks, write)), marks);
/** What the work finds. */
const found = async (): Promise<string> => await withAutoMarks(folder, () => Promise.resolve(readFileSync(marks, 'utf8')), marks);

test('marks that a power cut took away are there again when the work is done once more', async () => {
  writeFileSync(marks, 'nail: auto');
  await work('');
  expect(await found()).toBe('nail: auto');
  rmSync(marks);
  expect(await found()).toBe('nail: auto');
});

test('marks that were changed stay as they are', async () => {
  writeFileSync(marks, 'nail: auto');
  await work('nail: auto, hoof: auto');
  expect(await found()).toBe('nail: auto, hoof: auto');
});

test('a host without automatic marks gets none', async () => {
  await work(null);
  writeFileSync(marks, '');
  expect(await found()).toBe('');
});
