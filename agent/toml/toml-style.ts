import { startsWith, type TomlFile } from './toml-file.ts';

// What is added looks as the rest of the file does: line ends, indentation, quotes.

/** What a setting of ours can hold. */
export type TomlSetting = string | number | boolean | readonly string[];

const BARE = /^[A-Za-z0-9_-]+$/;
/** A literal string holds everything but itself and control characters. */
const LITERAL = /^[^'\p{Cc}]*$/u;

export function lineEndOf({ text }: TomlFile): string {
  return /\r?\n/.exec(text)?.[0] ?? '\n';
}

/** Of keys and strings that are quoted: the one that the file uses first. */
export function quoteOf({ text, headers }: TomlFile): '"' | "'" {
  const quoted = headers.flatMap(({ node }) => node.key.keys).find(({ type }) => type === 'TOMLQuoted');
  return quoted !== undefined && text[quoted.range[0]] === "'" ? "'" : '"';
}

export function writtenKey(name: string, quote: '"' | "'"): string {
  return BARE.test(name) ? name : writtenText(name, quote);
}

export function writtenValue(value: TomlSetting, quote: '"' | "'"): string {
  if (typeof value === 'string') return writtenText(value, quote);
  return typeof value === 'object' ? `[${value.map((item) => writtenText(item, quote)).join(', ')}]` : String(value);
}

function writtenText(text: string, quote: '"' | "'"): string {
  // A basic string takes the escapes of JSON; U+007F is the one that JSON leaves as it is.
  return quote === "'" && LITERAL.test(text) ? `'${text}'` : JSON.stringify(text).replaceAll('\u007F', '\\u007F');
}

/** The keys of a path: those that the file has are written as there. */
export function writtenKeys(file: TomlFile, path: readonly string[]): readonly string[] {
  const places = [...file.headers.map((header) => ({ ...header, offset: 0 })), ...file.entries.map((entry) => ({ ...entry, offset: entry.holder.path.length }))];
  return path.map((name, index) => {
    const place = places.find((one) => index >= one.offset && startsWith(one.path, path.slice(0, index + 1)));
    const key = place?.node.key.keys[index - place.offset];
    return key === undefined ? writtenKey(name, quoteOf(file)) : file.text.slice(...key.range);
  });
}

/** The blanks that a line begins with. */
export function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(lineStart(text, offset)))?.[0] ?? '';
}

export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

/** Before the line's end, or before the end of the text. */
export function lineStop(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  if (end === -1) return text.length;
  return text[end - 1] === '\r' ? end - 1 : end;
}

/** Where a new header stands: as one beside it does, else one level deeper than the one above it. */
export function headerIndent({ text, headers }: TomlFile, path: readonly string[]): string {
  const beside = headers.find((one) => one.path.length === path.length && startsWith(one.path, path.slice(0, -1)));
  if (beside !== undefined) return indentAt(text, beside.node.range[0]);
  const above = headers.findLast((one) => one.path.length < path.length && startsWith(path, one.path));
  const indents = headers.some(({ node }) => indentAt(text, node.range[0]) !== '');
  return above === undefined ? '' : indentAt(text, above.node.range[0]) + (indents ? unitOf(text) : '');
}

/** Where the first entry below a header stands. */
export function bodyIndent({ text, headers }: TomlFile, header: string): string {
  const deeper = headers.some(({ node }) => node.body[0] !== undefined && indentAt(text, node.body[0].range[0]).length > indentAt(text, node.range[0]).length);
  return header + (deeper ? unitOf(text) : '');
}

function unitOf(text: string): string {
  return /^\t/m.test(text) ? '\t' : '  ';
}
