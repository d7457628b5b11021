import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { aptSourcesHere } from '../../../agent/adapters/apt/apt-sources.ts';
import { copySources } from '../../../agent/adapters/apt/copy-sources.ts';
import { keyPathsOf } from '../../../agent/adapters/apt/source-keys.ts';
import { runProgram } from '../../../agent/adapters/run-program.ts';
import { judgeSources } from '../../../agent/doctor/host-checks.ts';
import { makeDeb } from '../../fleet/deb-package.ts';
import { codeOf } from '../../support/step-run.ts';

const base = mkdtempSync(join(tmpdir(), 'apt-sources-'));
const sourcesDir = join(base, 'sources.d');
const keys = join(base, 'keyrings');
let deb = '';

beforeAll(async () => {
  chmodSync(base, 0o755);
  deb = await makeDeb(join(base, 'made'), { name: 'nail', version: '1:2.0+x~1' });
});
beforeEach(() => {
  for (const folder of [sourcesDir, keys]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
  }
  writeFileSync(join(keys, 'k.gpg'), 'key');
});
afterAll(() => rmSync(base, { recursive: true }));

let count = 0;
async function copied(name: string, byAll = true) {
  const folder = join(base, `into-${(count += 1)}`);
  mkdirSync(join(folder, 'sources'), { recursive: true });
  const call = { signal: new AbortController().signal, output: () => undefined };
  const failure = await copySources({ run: runProgram, sourcesDir, cacheDir: base, lockWaitMs: 1 }, [name], folder, byAll, call);
  return { folder, failure, code: failure === null ? 'ok' : codeOf(failure), files: readdirSync(join(folder, 'sources')) };
}

test.each<[string, readonly string[]]>([
  ['Types: deb\nSigned-By: /etc/apt/keyrings/a.gpg\nURIs: https://x/\n', ['/etc/apt/keyrings/a.gpg']],
  ['signed-by: /a.gpg /b.gpg\n', ['/a.gpg', '/b.gpg']],
  ['Signed-By:\n /a.gpg\n /b.asc\nSuites: /\n', ['/a.gpg', '/b.asc']],
  ['Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQ/INBF\n -----END PGP PUBLIC KEY BLOCK-----\n', []],
  ['Signed-By: 0123456789ABCDEF0123456789ABCDEF01234567\n', []],
  ['# Signed-By: /old.gpg\nSigned-By: /new.gpg\n\nTypes: deb\nSigned-By: /two.gpg\n', ['/new.gpg', '/two.gpg']],
  ['deb [arch=amd64 signed-by=/a.gpg,/b.gpg] https://x ./\ndeb-src https://y ./\n', ['/a.gpg', '/b.gpg']],
  ['# deb [signed-by=/a.gpg] https://x ./\ndeb [trusted=yes] file:/x ./\n', []],
])('the keys of %j', (text, expected) => {
  expect(keyPathsOf(text)).toEqual(expected);
});

describe('a source whose key cannot be used is refused by name', () => {
  const key = join(keys, 'k.gpg');
  test.each<[string, string, () => void]>([
    ['right', 'ok', () => undefined],
    ['not there', `source-key-unusable ${key}`, () => rmSync(key)],
    ['empty', `source-key-unusable ${key}`, () => writeFileSync(key, '')],
    ['a folder', `source-key-unusable ${key}`, () => { rmSync(key); mkdirSync(key); }],
    ['closed to apt', `source-key-unusable ${key}`, () => chmodSync(key, 0o600)],
    ['in a closed folder', `source-key-unusable ${key}`, () => chmodSync(keys, 0o700)],
    ['writable by its group', `source-key-unusable ${key}`, () => chmodSync(key, 0o664)],
    ['somebody’s', `source-key-unusable ${key}`, () => chownSync(key, 1000, 0)],
  ])('%s: %s', async (_name, expected, make) => {
    writeFileSync(join(sourcesDir, 'kubernetes-1-34.sources'), `Types: deb\nURIs: https://pkgs.example/core:/stable:/v1.34/deb/\nSuites: /\nSigned-By: ${key}\n`);
    make();
    const { code, failure } = await copied('kubernetes-1-34');
    expect(code).toBe(expected);
    if (failure !== null) expect(failure.outcome.message).toMatch(/^package source kubernetes-1-34 is signed by .*k\.gpg, which .*(?:chmod|chown|put the key)/);
    // Where apt fetches as root, it reads what root reads.
    if (_name.includes('closed')) expect((await copied('kubernetes-1-34', false)).code).toBe('ok');
  });
});

describe('a folder of .debs is a source', () => {
  test('with an index beside it; the folder stays as it is', async () => {
    mkdirSync(join(sourcesDir, 'offline'));
    copyFileSync(deb, join(sourcesDir, 'offline/nail_1%3a2.0+x~1_all.deb'));
    writeFileSync(join(sourcesDir, 'offline/README'), 'not a package');
    const { code, folder, files } = await copied('offline');
    expect([code, files]).toEqual(['ok', ['DEBS-offline.list']]);
    expect(readdirSync(join(sourcesDir, 'offline')).toSorted()).toEqual(['README', 'nail_1%3a2.0+x~1_all.deb']);
    const index = readFileSync(join(folder, 'debs/offline/Packages'), 'utf8');
    expect(index).toMatch(/^Package: nail\nVersion: 1:2\.0\+x~1\n[^]*Filename: \.\/0\.deb\nSize: \d+\nSHA256: [0-9a-f]{64}\n$/);
    expect(readFileSync(join(folder, 'debs/offline/0.deb'))).toEqual(readFileSync(deb));
  });

  test.each<[string, string, (folder: string) => void]>([
    ['a link to one', 'ok', (folder) => { copyFileSync(deb, join(folder, 'a.deb')); rmSync(join(sourcesDir, 'x'), { recursive: true, force: true }); symlinkSync(folder, join(sourcesDir, 'x')); }],
    ['empty', 'source-unknown x', () => undefined],
    ['writable by others', 'not-allowed x', (folder) => { copyFileSync(deb, join(folder, 'a.deb')); chmodSync(folder, 0o777); }],
    ['with a package of somebody', 'not-allowed x', (folder) => { copyFileSync(deb, join(folder, 'a.deb')); chownSync(join(folder, 'a.deb'), 1000, 0); }],
    ['not there at all', 'source-unknown x', (folder) => rmSync(folder, { recursive: true })],
  ])('%s: %s', async (_name, expected, make) => {
    const folder = _name.includes('link') ? mkdtempSync(join(base, 'elsewhere-')) : join(sourcesDir, 'x');
    mkdirSync(folder, { recursive: true });
    make(folder);
    expect((await copied('x')).code).toBe(expected);
  });
});

describe('doctor judges sources as staging does', () => {
  async function judged() {
    return await judgeSources({ sources: () => aptSourcesHere({ run: runProgram, sourcesDir, cacheDir: join(base, 'not-there-yet'), lockWaitMs: 1 }) }, sourcesDir);
  }

  test('none at all', async () => {
    expect(await judged()).toMatchObject({ status: 'warning', detail: `no source lies in ${sourcesDir}` });
  });

  test('a file, both styles of one name, and a folder of .debs; a file beside them is none', async () => {
    writeFileSync(join(sourcesDir, 'a.list'), `deb [signed-by=${join(keys, 'k.gpg')}] https://x ./\n`);
    writeFileSync(join(sourcesDir, 'b.list'), 'deb [trusted=yes] file:/x ./\n');
    writeFileSync(join(sourcesDir, 'b.sources'), 'Types: deb\n');
    writeFileSync(join(sourcesDir, 'README'), 'no source');
    mkdirSync(join(sourcesDir, 'offline'));
    copyFileSync(deb, join(sourcesDir, 'offline/nail.deb'));
    expect(await judged()).toEqual({ status: 'ok', detail: 'a, b, offline' });
    expect(readdirSync(base)).not.toContain('not-there-yet');
  });

  test('one whose key is missing and an empty folder, beside a good one', async () => {
    writeFileSync(join(sourcesDir, 'a.list'), 'deb [signed-by=/nowhere/k.gpg] https://x ./\n');
    writeFileSync(join(sourcesDir, 'b.list'), 'deb [trusted=yes] file:/x ./\n');
    mkdirSync(join(sourcesDir, 'offline'));
    const finding = await judged();
    expect(finding).toMatchObject({ status: 'failed', detail: expect.stringMatching(/^b; package source a is signed by \/nowhere\/k\.gpg, which is not there; .*; package source offline is the folder .*, which holds no \.deb$/) });
  });
});
