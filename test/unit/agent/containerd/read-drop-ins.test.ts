import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { readDropIns } from '../../../../agent/steps/containerd/read-drop-ins.ts';

let root: string;
beforeEach(() => { root = mkdtempSync(join(tmpdir(), 'farrier-imports-')); });
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text = 'version = 2\n'): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
const read = async (imports: readonly string[]): Promise<readonly string[]> => (await readDropIns(join(root, 'config.toml'), `imports = ${JSON.stringify(imports)}\n`)).map(({ path }) => path.slice(root.length + 1));

test('in containerd’s order: patterns as they are listed, their files by name, hidden ones too, each once', async () => {
  for (const path of ['conf.d/20.toml', 'conf.d/10.toml', 'conf.d/.5.toml', 'conf.d/x.conf', 'a/conf.d/1.toml', 'b/conf.d/1.toml', 'c.d/1.toml']) write(path);
  expect(await read(['conf.d/*.toml', `${root}/conf.d/10.toml`])).toEqual(['conf.d/.5.toml', 'conf.d/10.toml', 'conf.d/20.toml']);
  expect(await read(['*/conf.d/[0-9].toml', 'c?d/*.toml'])).toEqual(['a/conf.d/1.toml', 'b/conf.d/1.toml', 'c.d/1.toml']);
  expect(await read(['none.d/*.toml'])).toEqual([]);
});

test('what is imported imports too, from where it lies, and not in circles', async () => {
  write('conf.d/10.toml', 'version = 2\nimports = ["more/*.toml", "../config.toml"]\n');
  write('conf.d/more/1.toml', 'version = 2\nimports = ["../10.toml"]\n');
  expect(await read(['conf.d/*.toml'])).toEqual(['conf.d/10.toml', 'conf.d/more/1.toml']);
});

test('a file that is named and not there is containerd’s to tell', async () => {
  write('site.toml');
  expect(await read(['c?.toml', 'absent.toml', 'site.toml'])).toEqual(['site.toml']);
});
