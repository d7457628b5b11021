import { describe, expect, test } from 'vitest';

import { setToml } from '../../../../agent/toml/set-toml.ts';
import { parseToml, type TomlFile } from '../../../../agent/toml/toml-file.ts';
import type { TomlSetting } from '../../../../agent/toml/toml-style.ts';

const parsed = (text: string): TomlFile => {
  const result = parseToml(text);
  if (!result.ok) throw new Error(`line ${result.line}: ${result.why}`);
  return result.file;
};
const set = (text: string, path: readonly string[], value: TomlSetting): string | null => setToml(parsed(text), path, value)?.text ?? null;
const CRI = 'io.containerd.grpc.v1.cri';

describe('a value that is there', () => {
  test.each<[string, string, readonly string[], TomlSetting, string]>([
    ['keeps its line', 'a = 1 # one\nb = "x" # two\n', ['b'], 'y', 'a = 1 # one\nb = "y" # two\n'],
    ['keeps its quotes', "[t]\na = 'x'\nb = \"y\"\n", ['t', 'a'], 'z', "[t]\na = 'z'\nb = \"y\"\n"],
    ['takes others where its own cannot hold it', "a = 'x'\n", ['a'], "it's", 'a = "it\'s"\n'],
    ['under a quoted table', `[plugins."${CRI}"]\n  sandbox_image = "a" # pinned\n`, ['plugins', CRI, 'sandbox_image'], 'b', `[plugins."${CRI}"]\n  sandbox_image = "b" # pinned\n`],
    ['under a table in the other quotes', `[plugins.'${CRI}']\nx = 1\n`, ['plugins', CRI, 'x'], 2, `[plugins.'${CRI}']\nx = 2\n`],
    ['in an inline table', 'a = { b = 1, c = { d = true } } # x\n', ['a', 'c', 'd'], false, 'a = { b = 1, c = { d = false } } # x\n'],
    ['behind dotted keys', 'a.b.c = 1 # x\n', ['a', 'b', 'c'], 2, 'a.b.c = 2 # x\n'],
    ['an array', 'a = ["x"] # c\n', ['a'], ['x', 'y'], 'a = ["x", "y"] # c\n'],
    ['an array over lines, whose comments go above it', '[t]\n  a = [\n    "x", # why x\n    # and y\n    "y",\n  ]\nb = 1\n', ['t', 'a'], ['z'], '[t]\n  # why x\n  # and y\n  a = ["z"]\nb = 1\n'],
    ['in a file with CRLF', 'a = 1\r\nb = 2 # x\r\n', ['b'], 3, 'a = 1\r\nb = 3 # x\r\n'],
    ['text over lines', 'a = """\nx\n""" # c\nb = 1\n', ['a'], 'y', 'a = "y" # c\nb = 1\n'],
  ])('%s', (_, text, path, value, expected) => {
    expect(set(text, path, value)).toBe(expected);
  });

  test('the same again leaves every byte', () => {
    const text = "a = [ 'x',\n 'y' ]\n[t]\nb=true";
    expect(set(text, ['a'], ['x', 'y'])).toBe(text);
    expect(set(text, ['t', 'b'], true)).toBe(text);
  });
});

describe('a key that is not there', () => {
  test.each<[string, string, readonly string[], TomlSetting, string]>([
    ['in an empty file', '', ['version'], 2, 'version = 2\n'],
    ['in an empty file, in a table', '', ['a', 'b'], 2, '[a]\nb = 2\n'],
    ['in a file of comments', '# nothing set\n', ['version'], 2, '# nothing set\nversion = 2\n'],
    ['at the top, behind the keys there', '# head\na = 1 # one\n\n[t]\nb = 2\n', ['version'], 2, '# head\na = 1 # one\nversion = 2\n\n[t]\nb = 2\n'],
    ['at the top of a file of tables', '# head\n\n# of t\n[t]\nb = 2\n', ['version'], 2, '# head\n\nversion = 2\n\n# of t\n[t]\nb = 2\n'],
    ['behind the last of its table', '[t]\n  a = 1 # one\n  # b is not set\n\n[u]\n', ['t', 'c'], 3, '[t]\n  a = 1 # one\n  c = 3\n  # b is not set\n\n[u]\n'],
    ['in a table without keys', '[t] # empty\n[u]\nx = 1\n', ['t', 'c'], 3, '[t] # empty\nc = 3\n[u]\nx = 1\n'],
    ['in a table without keys, as deep as others', '[t]\n\n  [t.u]\n    x = 1\n', ['t', 'c'], 3, '[t]\n  c = 3\n\n  [t.u]\n    x = 1\n'],
    ['without a line end before it', '[t]\na = 1', ['t', 'b'], 2, '[t]\na = 1\nb = 2\n'],
    ['beside dotted keys', 'a."b.c".d = 1 # x\nz = 1\n', ['a', 'b.c', 'e'], true, 'a."b.c".d = 1 # x\na."b.c".e = true\nz = 1\n'],
    ['beside dotted keys in a table', '[t]\na.b = 1\n[u]\n', ['t', 'a', 'c', 'd'], 2, '[t]\na.b = 1\na.c.d = 2\n[u]\n'],
    ['in an inline table', 'a = { b = 1 } # x\n', ['a', 'c'], 'y', 'a = { b = 1, c = "y" } # x\n'],
    ['below an inline table', 'a = {}\n', ['a', 'b.c', 'd'], 1, 'a = { "b.c" = { d = 1 } }\n'],
    ['in a table that stands after those below it', '[a.b.c]\nx = 1\n[z]\n', ['a', 'b', 'y'], 2, '[a.b.c]\nx = 1\n\n[a.b]\ny = 2\n[z]\n'],
  ])('%s', (_, text, path, value, expected) => {
    expect(set(text, path, value)).toBe(expected);
    expect(set(expected, path, value)).toBe(expected);
  });
});

describe('a table that is not there', () => {
  const nested = `version = 2\n\n[plugins]\n\n  [plugins."${CRI}"]\n    [plugins."${CRI}".cni]\n      bin_dir = "/usr/lib/cni"\n      # no conf_dir\n  [plugins."io.containerd.internal.v1.opt"]\n    path = "/opt"\n`;
  test('comes behind the last one below the one above it, as deep and in the same quotes', () => {
    expect(set(nested, ['plugins', CRI, 'containerd', 'default_runtime_name'], 'crun')).toBe(
      nested.replace('      # no conf_dir\n', `\n    [plugins."${CRI}".containerd]\n      default_runtime_name = "crun"\n      # no conf_dir\n`),
    );
  });

  test('leaves the comments below a table with it, where nothing follows them at once', () => {
    const text = '[a]\nx = 1\n# y = 2\n\n[b]\nz = 1\n';
    expect(set(text, ['a', 'c', 'k'], 1)).toBe('[a]\nx = 1\n# y = 2\n\n[a.c]\nk = 1\n\n[b]\nz = 1\n');
  });

  test('comes last where nothing above it is there', () => {
    expect(set("[a.'b.c']\nx = 1\n\n", ['d', 'e.f', 'g'], 'h')).toBe("[a.'b.c']\nx = 1\n\n[d.'e.f']\ng = 'h'\n\n");
  });

  test('has the line ends of the file', () => {
    expect(set('[a]\r\nx = 1\r\n', ['a', 'b', 'c'], 1)).toBe('[a]\r\nx = 1\r\n\r\n[a.b]\r\nc = 1\r\n');
  });
});

describe('what cannot be set without changing something else', () => {
  test.each<[string, string, readonly string[]]>([
    ['a table', '[a]\nb = 1\n', ['a']],
    ['below a value', 'a = 1\n', ['a', 'b']],
    ['below a list of tables', '[[a]]\nb = 1\n', ['a', 'b']],
    ['below an array', 'a = [{ b = 1 }]\n', ['a', 'b']],
    ['an array with comments in an inline table', 'a = { b = [ # x\n1 ] }\n', ['a', 'b']],
  ])('%s', (_, text, path) => {
    expect(set(text, path, 'x')).toBeNull();
  });
});

test('a file that is no TOML is told with its line', () => {
  expect(parseToml('a = 1\na = 2\n')).toEqual({ ok: false, line: 2, why: expect.stringContaining('multiple times') });
});
