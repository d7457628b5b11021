import { isDeepStrictEqual } from 'node:util';

import { isTable, samePath, startsWith, type TomlEntry, type TomlFile, valueAt } from './toml-file.ts';
import { type PlainTree, type Splice, spliceToml } from './splice-toml.ts';
import { bodyIndent, headerIndent, indentAt, lineEndOf, lineStart, lineStop, quoteOf, type TomlSetting, writtenKey, writtenKeys, writtenValue } from './toml-style.ts';

/**
 * Sets one key and leaves every other byte as it was; tables that it needs are added, in the way that the file writes those
 * around them. Idempotent.
 *
 * @returns null where that cannot be done without changing anything else, as below a value or an array of tables.
 */
export function setToml(file: TomlFile, path: readonly string[], value: TomlSetting): TomlFile | null {
  const now = valueAt(file.tree, path);
  if (isDeepStrictEqual(now, value)) return file;
  if (isTable(now)) return null;
  const there = file.entries.find((entry) => samePath(entry.path, path));
  const splices = there === undefined ? addKey(file, path, value) : replaceValue(file, there, value);
  return splices === null ? null : spliceToml(file, splices, (tree) => put(tree, path, value));
}

/** Comments inside of an array that is replaced go to lines above it. */
function replaceValue(file: TomlFile, { node, holder }: TomlEntry, value: TomlSetting): readonly Splice[] | null {
  const [from, to] = node.value.range;
  const inside = file.comments.filter(({ range }) => range[0] >= from && range[1] <= to);
  const quote = file.text[from] === "'" ? "'" : file.text[from] === '"' ? '"' : quoteOf(file);
  const replaced = { from, to, text: writtenValue(value, quote) };
  if (inside.length === 0) return [replaced];
  if (holder.node.type === 'TOMLInlineTable') return null;
  const start = lineStart(file.text, node.range[0]);
  const lines = inside.map(({ range }) => indentAt(file.text, start) + file.text.slice(...range) + lineEndOf(file));
  return [{ from: start, to: start, text: lines.join('') }, replaced];
}

/** Looks for the deepest table above the key that is there; how that one is written says how the rest is. */
function addKey(file: TomlFile, path: readonly string[], value: TomlSetting): readonly Splice[] | null {
  for (let depth = path.length - 1; depth > 0; depth -= 1) {
    const above = path.slice(0, depth);
    const entry = file.entries.find((one) => samePath(one.path, above));
    if (entry !== undefined) return addInline(file, entry.node.value, path.slice(depth), value);
    const dotted = file.entries.findLast((one) => one.holder.path.length < depth && startsWith(one.path, above));
    if (dotted !== undefined) return [addBeside(file, dotted, path, value)];
    if (file.headers.some((one) => samePath(one.path, above)) && depth === path.length - 1) return [addToTable(file, above, path, value)];
    if (file.headers.some((one) => startsWith(one.path, above))) return [addTable(file, above, path, value)];
  }
  return [path.length === 1 ? addToTop(file, path, value) : addTable(file, [], path, value)];
}

/** `{ a = 1 }` becomes `{ a = 1, b = { c = 2 } }`. */
function addInline(file: TomlFile, node: TomlEntry['node']['value'], rest: readonly string[], value: TomlSetting): readonly Splice[] | null {
  if (node.type !== 'TOMLInlineTable') return null;
  const quote = quoteOf(file);
  const written = rest.reduceRight((inner, key, index) => `${writtenKey(key, quote)} = ${index === rest.length - 1 ? inner : `{ ${inner} }`}`, writtenValue(value, quote));
  const last = node.body.at(-1);
  if (last === undefined) return [{ from: node.range[0], to: node.range[1], text: `{ ${written} }` }];
  return [{ from: last.range[1], to: last.range[1], text: `, ${written}` }];
}

function addBeside(file: TomlFile, { node, holder }: TomlEntry, path: readonly string[], value: TomlSetting): Splice {
  const line = lineOf(file, path, holder.path.length, value);
  if (holder.node.type === 'TOMLInlineTable') return { from: node.range[1], to: node.range[1], text: `, ${line}` };
  return insertedAfter(file, node.range[1], indentAt(file.text, node.range[0]) + line);
}

function addToTable(file: TomlFile, table: readonly string[], path: readonly string[], value: TomlSetting): Splice {
  const header = file.headers.find((one) => samePath(one.path, table));
  const last = header?.node.body.at(-1);
  const end = header === undefined ? 0 : header.node.range[1];
  const indent = indentAt(file.text, last?.range[0] ?? header?.node.range[0] ?? 0);
  return insertedAfter(file, end, (last === undefined ? bodyIndent(file, indent) : indent) + lineOf(file, path, table.length, value));
}

/** A new header behind the last table below `above`, or behind everything. */
function addTable(file: TomlFile, above: readonly string[], path: readonly string[], value: TomlSetting): Splice {
  const table = path.slice(0, -1);
  const last = above.length === 0 ? undefined : file.headers.findLast((one) => startsWith(one.path, above));
  const end = last === undefined ? file.text.trimEnd().length : pastComments(file.text, last.node.range[1]);
  const indent = headerIndent(file, table);
  const lines = [`${indent}[${writtenKeys(file, table).join('.')}]`, bodyIndent(file, indent) + lineOf(file, path, table.length, value)];
  return insertedAfter(file, end, [...(end === 0 ? [] : ['']), ...lines].join(lineEndOf(file)));
}

/** Behind the keys that stand there, else before the first header and what is said right above it. */
function addToTop(file: TomlFile, path: readonly string[], value: TomlSetting): Splice {
  const line = lineOf(file, path, 0, value);
  const last = file.entries.findLast((entry) => entry.holder.path.length === 0);
  if (last !== undefined) return insertedAfter(file, last.node.range[1], line);
  const first = file.headers[0];
  if (first === undefined) return insertedAfter(file, file.text.trimEnd().length, line);
  const start = beforeComments(file.text, lineStart(file.text, first.node.range[0]));
  return { from: start, to: start, text: `${line}${lineEndOf(file)}${lineEndOf(file)}` };
}

function lineOf(file: TomlFile, path: readonly string[], offset: number, value: TomlSetting): string {
  return `${writtenKeys(file, path).slice(offset).join('.')} = ${writtenValue(value, quoteOf(file))}`;
}

/** On lines of their own behind the line in which the offset lies. */
function insertedAfter(file: TomlFile, offset: number, lines: string): Splice {
  const eol = lineEndOf(file);
  const at = lineStop(file.text, offset);
  return { from: at, to: at, text: `${at === 0 ? '' : eol}${lines}${at === file.text.length ? eol : ''}` };
}

/** Past the comments that follow a table with no line between, unless they stand right above the next one. */
function pastComments(text: string, offset: number): number {
  const end = lineStop(text, offset);
  const [comments = ''] = /^(?:\r?\n[ \t]*#[^\n]*)*/.exec(text.slice(end)) ?? [];
  return /^\s*?(?:\n[ \t]*\r?\n|$)/.test(text.slice(end + comments.length)) ? lineStop(text, end + comments.length) : end;
}

/** Back over the comments right above a line. */
function beforeComments(text: string, start: number): number {
  const [comments = ''] = /(?:(?<=^|\n)[ \t]*#[^\n]*\n)*$/.exec(text.slice(0, start)) ?? [];
  return start - comments.length;
}

function put(tree: PlainTree, path: readonly string[], value: TomlSetting): void {
  const [key = '', ...rest] = path;
  if (rest.length === 0) tree[key] = value;
  else put((tree[key] ??= {}) as PlainTree, rest, value);
}
