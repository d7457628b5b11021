import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { type DataPlaces, dataPlaces, finishFresh, isRestored, switchBack, switchIn } from '../../../../agent/steps/restore/switch-data.ts';

const TOKEN = 'r1';
let folder: string;
let places: DataPlaces;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'farrier-switch-'));
  places = dataPlaces(folder, TOKEN);
});
afterEach(() => rmSync(folder, { recursive: true }));

function make(path: string, text: string): void {
  mkdirSync(join(path, 'snap'), { recursive: true });
  writeFileSync(join(path, 'snap/db'), text);
}

const makeFresh = async (): Promise<void> => {
  make(join(places.fresh, 'member'), 'new');
  await finishFresh(places, TOKEN);
};
const lies = (): Readonly<Record<string, string>> => Object.fromEntries(readdirSync(folder).toSorted().map((name) => [name, textIn(join(folder, name))]));

function textIn(path: string): string {
  const at = readdirSync(path).includes('member') ? join(path, 'member') : path;
  return readdirSync(at).includes('snap') ? readFileSync(join(at, 'snap/db'), 'utf8') : 'nothing whole';
}

/** Each as a power cut may leave it. */
const CUTS: readonly (readonly [name: string, cut: () => Promise<void>])[] = [
  ['before anything', async () => make(join(folder, 'member'), 'old')],
  ['while the new data is made', async () => { make(join(folder, 'member'), 'old'); mkdirSync(join(places.fresh, 'member'), { recursive: true }); }],
  ['when the new data is whole', async () => { make(join(folder, 'member'), 'old'); await makeFresh(); }],
  ['between the renames', async () => { await makeFresh(); make(places.aside, 'old'); }],
  ['after both', async () => { await makeFresh(); make(places.aside, 'old'); renameSync(join(places.fresh, 'member'), join(folder, 'member')); }],
];

test.each(CUTS)('cut off %s, it goes on to the new data, and the old is kept', async (_name, cut) => {
  await cut();
  for (let time = 0; time < 2; time += 1) {
    if (!(await isRestored(places, TOKEN))) {
      rmSync(places.fresh, { recursive: true, force: true });
      await makeFresh();
    }
    expect(await switchIn(places, TOKEN)).toBe(true);
    expect(lies()).toEqual({ 'farrier-before-r1': 'old', member: 'new' });
  }
});

test.each(CUTS)('cut off %s, it goes back to the old data, and nothing of the new is left', async (_name, cut) => {
  await cut();
  for (let time = 0; time < 2; time += 1) {
    expect(await switchBack(places, TOKEN, true)).toBe(true);
    expect(lies()).toEqual({ member: 'old' });
  }
});

test('where nothing lay there, nothing is there again', async () => {
  await makeFresh();
  expect(await switchIn(places, TOKEN)).toBe(true);
  expect(lies()).toEqual({ member: 'new' });
  expect(await switchBack(places, TOKEN, false)).toBe(true);
  expect(lies()).toEqual({});
});

test('data that somebody made meanwhile takes the place of neither', async () => {
  await makeFresh();
  make(places.aside, 'old');
  make(join(folder, 'member'), 'founded by itself');
  expect(await switchIn(places, TOKEN)).toBe(false);
  expect(await switchBack(places, TOKEN, true)).toBe(false);
  expect(lies()).toMatchObject({ 'farrier-before-r1': 'old', member: 'founded by itself' });
});

test('old data that is gone is not taken for brought back', async () => {
  await makeFresh();
  expect(await switchIn(places, TOKEN)).toBe(true);
  expect(await switchBack(places, TOKEN, true)).toBe(false);
});
