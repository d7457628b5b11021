import { chmodSync, chownSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { besideOf, rewriteFile } from '../../../agent/steps/files/place-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'farrier-place-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a file that is written anew keeps mode and owner', async () => {
  const path = join(folder, 'versionlock.list');
  writeFileSync(path, 'old\n');
  chownSync(path, 0, 12);
  chmodSync(path, 0o640);
  writeFileSync(besideOf(path), 'half');
  await rewriteFile(path, 'new\n');
  const { mode, uid, gid } = lstatSync(path);
  expect([readFileSync(path, 'utf8'), mode & 0o7777, uid, gid, readdirSync(folder)]).toEqual(['new\n', 0o640, 0, 12, ['versionlock.list']]);
});

test('one that was not there is root’s, for all to read', async () => {
  const path = join(folder, 'locks');
  await rewriteFile(path, 'new\n');
  const { mode, uid, gid } = lstatSync(path);
  expect([mode & 0o7777, uid, gid]).toEqual([0o644, 0, 0]);
});
