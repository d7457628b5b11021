import { chmod, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { CatalogueFolder } from '../../../../../agent/snapshots/catalogue/catalogue-folder.ts';
import { openFolder } from '../../../../../agent/snapshots/catalogue/open-folder.ts';
import { CrashingFolder } from '../../../../support/crashing-folder.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'farrier-catalogue-'));
});
afterEach(async () => await rm(root, { recursive: true }));

describe.each<readonly [string, () => Promise<CatalogueFolder>]>([
  ['on disk', () => openFolder(join(root, 'snapshots'))],
  ['in memory', async () => new CrashingFolder()],
])('a folder of a catalogue %s', (_where, open) => {
  test('holds what was written, under its last name', async () => {
    const folder = await open();
    await folder.write('a.record', 'first');
    await folder.write('a.record', 'second');
    await folder.write('b.record', '');
    await folder.rename('a.record', 'a.deleting');
    expect((await folder.names()).toSorted()).toEqual(['a.deleting', 'b.record']);
    expect((await folder.read('a.deleting'))?.toString()).toBe('second');
    expect([await folder.sizeOf('a.deleting'), await folder.sizeOf('b.record')]).toEqual([6, 0]);
    await folder.remove('a.deleting');
    expect(await folder.names()).toEqual(['b.record']);
  });

  test('does nothing to what is not there', async () => {
    const folder = await open();
    await folder.rename('a', 'b');
    await folder.remove('a');
    expect([await folder.names(), await folder.read('a'), await folder.sizeOf('a')]).toEqual([[], null, null]);
  });
});

test('a folder on disk is for root alone, also where it was not', async () => {
  const path = join(root, 'one', 'two');
  await openFolder(path);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
  await chmod(path, 0o755);
  const folder = await openFolder(path);
  await folder.write('a.record', 'text');
  expect((await stat(path)).mode & 0o777).toBe(0o700);
  expect((await stat(folder.pathOf('a.record'))).mode & 0o777).toBe(0o600);
  expect(await readdir(path)).toEqual(['a.record']);
});
