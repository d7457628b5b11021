import type { AST } from 'toml-eslint-parser';

import { applied, type PlainTree, type Splice, spliceToml } from './splice-toml.ts';
import { isTable, parseToml, samePath, startsWith, type TomlEntry, type TomlFile, type TomlHeader, valueAt } from './toml-file.ts';
import { lineStart, lineStop, quoteOf, writtenKey } from './toml-style.ts';

/**
 * Removes a key or a table with all below it, however many headers and dotted keys it is spread over. What is written
 * inside of it goes with it, comments outside of it stay. Idempotent. @returns null where that cannot be done.
 */
export function removeToml(file: TomlFile, path: readonly string[]): TomlFile | null {
  if (valueAt(file.tree, path) === undefined) return file;
  let left = file;
  for (let splice = lastOf(left, path); splice !== null; splice = lastOf(left, path)) {
    const parsed = parseToml(applied(left.text, [splice]));
    if (!parsed.ok) return null;
    left = parsed.file;
  }
  return spliceToml(file, [{ from: 0, to: file.text.length, text: left.text }], (tree) => drop(tree, path, left));
}

/** Takes one text out of an array; what is written around it stays. Idempotent. @returns null where that cannot be done. */
export function removeElement(file: TomlFile, path: readonly string[], element: string): TomlFile | null {
  const value = file.entries.find((entry) => samePath(entry.path, path))?.node.value;
  if (value?.type !== 'TOMLArray') return file;
  const found = value.elements.findIndex((one) => one.type === 'TOMLValue' && one.value === element);
  const node = value.elements[found];
  if (node === undefined) return file;
  const without = spliceToml(file, withComma(file, value, found), (tree) => (valueAt(tree, path) as unknown[]).splice(found, 1));
  return without === null ? null : removeElement(without, path, element);
}

/** Gives a key or a table another name, wherever it is written. @returns null where that cannot be done. */
export function renameToml(file: TomlFile, path: readonly string[], name: string): TomlFile | null {
  if (valueAt(file.tree, path) === undefined) return file;
  const at = path.length - 1;
  const places = [...file.headers.map((header) => ({ ...header, offset: 0 })), ...file.entries.map((entry) => ({ ...entry, offset: entry.holder.path.length }))];
  const keys = places.flatMap(({ path: other, node, offset }) => (at >= offset && startsWith(other, path) ? (node.key.keys[at - offset] ?? []) : []));
  const splices = keys.map(({ range: [from, to] }): Splice => ({ from, to, text: writtenKey(name, quoteOf(file)) }));
  return spliceToml(file, splices, (tree) => {
    const above = valueAt(tree, path.slice(0, -1)) as PlainTree;
    above[name] = above[path[at] ?? ''];
    delete above[path[at] ?? ''];
  });
}

/** From behind: the parts of a list of tables are only told by what stands before them. */
function lastOf(file: TomlFile, path: readonly string[]): Splice | null {
  const header = file.headers.findLast((one) => startsWith(one.path, path));
  if (header !== undefined) return headerSplice(file, header);
  const entry = file.entries.findLast((one) => startsWith(one.path, path));
  return entry === undefined ? null : entrySplice(file, entry);
}

/** Its lines, and a blank one before them. */
function headerSplice({ text }: TomlFile, { node }: TomlHeader): Splice {
  const start = lineStart(text, node.range[0]);
  const blank = /(?:^|\n)([ \t]*\r?\n)$/.exec(text.slice(0, start))?.[1] ?? '';
  return { from: start - blank.length, to: nextLine(text, node.range[1]), text: '' };
}

function entrySplice({ text }: TomlFile, { node, holder }: TomlEntry): Splice {
  if (holder.node.type !== 'TOMLInlineTable') return { from: lineStart(text, node.range[0]), to: nextLine(text, node.range[1]), text: '' };
  const index = holder.node.body.indexOf(node);
  const [before, after] = [holder.node.body[index - 1], holder.node.body[index + 1]];
  if (after !== undefined) return { from: node.range[0], to: after.range[0], text: '' };
  return { from: before?.range[1] ?? node.range[0], to: node.range[1], text: '' };
}

function nextLine(text: string, offset: number): number {
  const stop = lineStop(text, offset);
  return stop + (/^\r?\n/.exec(text.slice(stop))?.[0].length ?? 0);
}

/** An element with the comma after it, or before the last one. */
function withComma(file: TomlFile, { elements, range }: AST.TOMLArray, index: number): readonly Splice[] {
  const [from, to] = elements[index]?.range ?? range;
  const after = commaIn(file, to, elements[index + 1]?.range[0] ?? range[1]);
  if (after !== null) return [{ from, to, text: '' }, { from: after, to: pastBlanks(file.text, after + 1), text: '' }];
  const before = commaIn(file, elements[index - 1]?.range[1] ?? from, from);
  if (before === null) return [{ from, to, text: '' }];
  const blanks = pastBlanks(file.text, before + 1);
  return [{ from: before, to: file.text[blanks] === '#' ? before + 1 : blanks, text: '' }, { from, to, text: '' }];
}

/** Where the comma of a stretch stands that holds nothing else but blanks and comments. */
function commaIn({ text, comments }: TomlFile, from: number, to: number): number | null {
  for (let at = from; at < to; at += 1) if (text[at] === ',' && !comments.some(({ range }) => range[0] <= at && at < range[1])) return at;
  return null;
}

function pastBlanks(text: string, offset: number): number {
  return offset + (/^[ \t]*/.exec(text.slice(offset))?.[0].length ?? 0);
}

/** Tables above that nothing else names are gone with it. */
function drop(tree: PlainTree, path: readonly string[], left: TomlFile): void {
  const above = path.slice(0, -1);
  const holder = valueAt(tree, above);
  if (!isTable(holder)) return;
  delete (holder as PlainTree)[path.at(-1) ?? ''];
  if (above.length > 0 && valueAt(left.tree, above) === undefined && Object.keys(holder).length === 0) drop(tree, above, left);
}
