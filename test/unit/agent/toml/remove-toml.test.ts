import { describe, expect, test } from 'vitest';

import { removeElement, removeToml, renameToml } from '../../../../agent/toml/remove-toml.ts';
import { parseToml, type TomlFile } from '../../../../agent/toml/toml-file.ts';

const parsed = (text: string): TomlFile => {
  const result = parseToml(text);
  if (!result.ok) throw new Error(`line ${result.line}: ${result.why}`);
  return result.file;
};

describe('removing', () => {
  test.each<[string, string, readonly string[], string]>([
    ['a key with its line', '# of a\na = 1 # one\nb = 2\n', ['a'], '# of a\nb = 2\n'],
    ['a table with its blank line, and nothing that is said around it', '[a]\nx = 1\n\n# of b\n[b]\ny = 1 # y\n# after b\n\n[c]\n', ['b'], '[a]\nx = 1\n\n# of b\n# after b\n\n[c]\n'],
    ['a table with all below it, wherever that stands', '[a.b]\nx = 1\n[z]\n[a.b.c]\ny = 1\n[a.d]\n[a.b.e]\nw = 1', ['a', 'b'], '[z]\n[a.d]\n'],
    ['a list of tables', '[[a]]\nx = 1\n[a.b]\ny = 1\n[[a]]\n[c]\n', ['a'], '[c]\n'],
    ['dotted keys', 'a.b.c = 1\na.d = 2\na.b.e = 3\n', ['a', 'b'], 'a.d = 2\n'],
    ['what stands first in an inline table', 'a = { b = 1, c = 2 } # x\n', ['a', 'b'], 'a = { c = 2 } # x\n'],
    ['what stands last in an inline table', 'a = { b = 1, c.x = 2, c.y = 3 }\n', ['a', 'c'], 'a = { b = 1 }\n'],
    ['all of an inline table', 'a = { b = 1 }\n', ['a', 'b'], 'a = {  }\n'],
    ['text over lines', 'a = """\n[x]\n"""\nb = 1\n', ['a'], 'b = 1\n'],
    ['in a file with CRLF', '[a]\r\nx = 1\r\n\r\n[b]\r\ny = 1\r\n', ['b'], '[a]\r\nx = 1\r\n'],
    ['what is not there', '[a]\nx = 1\n', ['a', 'y'], '[a]\nx = 1\n'],
  ])('%s', (_, text, path, expected) => {
    expect(removeToml(parsed(text), path)?.text).toBe(expected);
  });
});

describe('removing from an array', () => {
  test.each<[string, string, string]>([
    ['the only one', 'a = ["cri"] # off', 'a = [] # off'],
    ['the only one, with a comma after it', 'a = ["cri", ]', 'a = []'],
    ['the last, with a comma after it', 'a = ["x", "cri",]', 'a = ["x", ]'],
    ['the last on a line of its own, not what is said there', 'a = [\n  "x", # y\n  "cri" # off\n]', 'a = [\n  "x" # y\n   # off\n]'],
    ['the first', 'a = ["cri", "aufs"]', 'a = ["aufs"]'],
    ['the last', 'a = ["aufs", "cri"]', 'a = ["aufs"]'],
    ['one between', "a = [ 'x' , 'cri' , 'y' ]", "a = [ 'x' ,  'y' ]"],
    ['each of several', 'a = ["cri", "x", "cri"]', 'a = ["x"]'],
    ['one on a line of its own, not what is said there', 'a = [\n  "cri", # Docker, off\n  "x", # y\n]', 'a = [\n  # Docker, off\n  "x", # y\n]'],
    ['none', 'a = [1, "x"]', 'a = [1, "x"]'],
    ['from what is no array', 'a = "cri"', 'a = "cri"'],
  ])('%s', (_, text, expected) => {
    expect(removeElement(parsed(text), ['a'], 'cri')?.text).toBe(expected);
  });
});

describe('renaming', () => {
  test.each<[string, string, string]>([
    ['each header and dotted key', '[p.cri] # c\nx = 1\n[p."cri".y]\n[p.z]\n', '[p."a.b"] # c\nx = 1\n[p."a.b".y]\n[p.z]\n'],
    ['a dotted key in a table', '[p]\ncri.x = 1\ncri.y = 2\n', '[p]\n"a.b".x = 1\n"a.b".y = 2\n'],
    ['in an inline table', 'p = { cri = { x = 1 } }\n', 'p = { "a.b" = { x = 1 } }\n'],
    ['what is not there', 'p = 1\n', 'p = 1\n'],
  ])('%s', (_, text, expected) => {
    expect(renameToml(parsed(text), ['p', 'cri'], 'a.b')?.text).toBe(expected);
  });

  test('not to what is there already', () => {
    expect(renameToml(parsed('[p.cri]\n[p.x]\n'), ['p', 'cri'], 'x')).toBeNull();
  });
});
