import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { copyConffiles, restoreConffiles } from '../../../agent/steps/packages/conffile-copies.ts';

const SUFFIXES = { persons: '.dpkg-old', packages: '.dpkg-dist', others: ['.dpkg-new'] };

let root: string;
let copies: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'farrier-conffiles-'));
  copies = join(root, 'copies');
  mkdirSync(join(root, 'etc'));
});
afterEach(() => rmSync(root, { recursive: true }));

function at(name: string): string {
  return join(root, 'etc', name);
}

test('many files of one content are kept, and come back each with its own mode', async () => {
  const names = Array.from({ length: 20 }, (_, index) => at(`${index}.conf`));
  for (const [index, path] of names.entries()) writeFileSync(path, '', { mode: index % 2 === 0 ? 0o600 : 0o644 });
  const kept = await copyConffiles(names, SUFFIXES, copies);
  for (const path of names) rmSync(path);
  expect(await restoreConffiles(kept, copies)).toEqual([]);
  expect(names.map((path) => lstatSync(path).mode & 0o777)).toEqual(names.map((_, index) => (index % 2 === 0 ? 0o600 : 0o644)));
});

test('a copy that was damaged is not put back: the file is named', async () => {
  writeFileSync(at('a.conf'), 'of a person\n');
  const kept = await copyConffiles([at('a.conf')], SUFFIXES, copies);
  const [copy] = kept;
  if (copy?.kind !== 'file') throw new Error('no file was kept');
  writeFileSync(join(copies, copy.sha256), 'of a per');
  writeFileSync(at('a.conf'), 'of the new version\n');
  expect(await restoreConffiles(kept, copies)).toEqual([at('a.conf')]);
  expect(readFileSync(at('a.conf'), 'utf8')).toBe('of the new version\n');
});

test('a link comes back where rpm laid a file in its place', async () => {
  writeFileSync(at('kept-elsewhere'), 'of a person\n');
  symlinkSync('kept-elsewhere', at('a.conf'));
  const kept = await copyConffiles([at('a.conf')], SUFFIXES, copies);
  renameSync(at('a.conf'), at('a.conf.dpkg-old'));
  writeFileSync(at('a.conf'), 'of the new version\n');
  expect(await restoreConffiles(kept, copies)).toEqual([]);
  expect(readlinkSync(at('a.conf'))).toBe('kept-elsewhere');
  expect(lstatSync(at('a.conf.dpkg-old'), { throwIfNoEntry: false })).toBeUndefined();
});

test('where a link leads dpkg writes: that comes back too', async () => {
  writeFileSync(at('kept-elsewhere'), 'of a person\n', { mode: 0o600 });
  chmodSync(at('kept-elsewhere'), 0o640);
  symlinkSync('kept-elsewhere', at('a.conf'));
  const kept = await copyConffiles([at('a.conf')], SUFFIXES, copies);
  rmSync(at('kept-elsewhere'));
  writeFileSync(at('kept-elsewhere'), 'of the new version\n');
  writeFileSync(at('kept-elsewhere.dpkg-old'), 'of a person\n');
  expect(await restoreConffiles(kept, copies)).toEqual([]);
  expect(readFileSync(at('a.conf'), 'utf8')).toBe('of a person\n');
  expect(lstatSync(at('kept-elsewhere')).mode & 0o777).toBe(0o640);
  expect(readlinkSync(at('a.conf'))).toBe('kept-elsewhere');
  expect(lstatSync(at('kept-elsewhere.dpkg-old'), { throwIfNoEntry: false })).toBeUndefined();
});
