import { type AST, getStaticTOMLValue, ParseError, parseTOML } from 'toml-eslint-parser';

// Of what edits TOML for Node, toml-edit-js (wasm, 323 KB) turns CRLF into LF, moves comments, and can neither remove, nor
// reach into inline tables, nor set a key at the top. This parser (66 KB, 18 ms to load) gives every key its place; the rest
// is ours. It is loaded where a file is edited, and nowhere else.

/** A TOML file with the place of everything in it. */
export interface TomlFile {
  /** Without its byte-order mark. */
  readonly text: string;
  readonly tree: TomlTree;
  readonly headers: readonly TomlHeader[];
  /** Also those inside of inline tables; not those inside of arrays. */
  readonly entries: readonly TomlEntry[];
  readonly comments: readonly AST.Comment[];
}

export type TomlTree = Readonly<Record<string, unknown>>;

/** Keys from the top. A number stands for an element of an array of tables. */
export type TomlPath = readonly (string | number)[];

/** `[a.b]` or `[[a.b]]`. */
export interface TomlHeader {
  readonly path: TomlPath;
  readonly node: AST.TOMLTable;
}

/** `c.d = 1` below some table. */
export interface TomlEntry {
  readonly path: TomlPath;
  readonly node: AST.TOMLKeyValue;
  readonly holder: TomlHolder;
}

/** What entries stand in: the top of the file, the body of a header, an inline table. */
export interface TomlHolder {
  readonly path: TomlPath;
  readonly node: AST.TOMLTopLevelTable | AST.TOMLTable | AST.TOMLInlineTable;
}

export type TomlParsed = { readonly ok: true; readonly file: TomlFile } | { readonly ok: false; readonly line: number; readonly why: string };

/** TOML 1.0, as containerd reads it. */
export function parseToml(text: string): TomlParsed {
  try {
    const program = parseTOML(text, { tomlVersion: '1.0' });
    const top = program.body[0];
    const tables = top.body.filter((node) => node.type === 'TOMLTable');
    const holders: readonly TomlHolder[] = [{ path: [], node: top }, ...tables.map((node) => ({ path: node.resolvedKey, node }))];
    return {
      ok: true,
      file: {
        text,
        tree: getStaticTOMLValue(program),
        headers: tables.map((node) => ({ path: node.resolvedKey, node })),
        entries: holders.flatMap(entriesIn),
        comments: program.comments,
      },
    };
  } catch (error) {
    if (error instanceof ParseError) return { ok: false, line: error.lineNumber, why: error.message };
    throw error;
  }
}

function entriesIn(holder: TomlHolder): readonly TomlEntry[] {
  const own: readonly AST.TOMLNode[] = holder.node.body;
  return own.flatMap((node): readonly TomlEntry[] => {
    if (node.type !== 'TOMLKeyValue') return [];
    const path = [...holder.path, ...node.key.keys.map(nameOf)];
    const below = node.value.type === 'TOMLInlineTable' ? entriesIn({ path, node: node.value }) : [];
    return [{ path, node, holder }, ...below];
  });
}

/** However it is written. */
function nameOf(key: AST.TOMLBare | AST.TOMLQuoted): string {
  return key.type === 'TOMLBare' ? key.name : key.value;
}

export function startsWith(path: TomlPath, start: TomlPath): boolean {
  return start.every((key, index) => path[index] === key);
}

export function samePath(one: TomlPath, other: TomlPath): boolean {
  return one.length === other.length && startsWith(one, other);
}

/** What stands at a path; undefined where nothing does. */
export function valueAt(tree: TomlTree, path: TomlPath): unknown {
  return path.reduce<unknown>((inner, key) => (typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key) ? (inner as Record<string | number, unknown>)[key] : undefined), tree);
}

export function isTable(value: unknown): value is TomlTree {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}
