import { isDeepStrictEqual } from 'node:util';
import type { Document } from 'yaml';

/** A file of YAML that is a mapping, with the places of its comments. */
export interface YamlMapping {
  readonly text: string;
  readonly document: Document;
}

export interface YamlField {
  /** Keys from the top of the file. */
  readonly path: readonly string[];
  readonly value: YamlScalar | readonly YamlScalar[];
}

type YamlScalar = string | number | boolean;

/** @returns null where it cannot be read without doubt, or is no mapping. */
export async function parseMapping(text: string): Promise<YamlMapping | null> {
  const { isMap, parseDocument } = await import('yaml');
  const document = parseDocument(text, { stringKeys: true, logLevel: 'error' });
  return document.errors.length > 0 || !isMap(document.contents) ? null : { text, document };
}

export function hasFields({ document }: YamlMapping, fields: readonly YamlField[]): boolean {
  const plain = document.toJS() as unknown;
  return fields.every(({ path, value }) => isDeepStrictEqual(at(plain, path), value));
}

/**
 * The text with the fields set and every comment kept. @returns null where that would change anything else, or a field lies
 * below what is no mapping: then nobody but a person can say what is meant.
 */
export async function withFields({ text, document }: YamlMapping, fields: readonly YamlField[]): Promise<string | null> {
  const { isMap, parse, parseDocument } = await import('yaml');
  const edited = parseDocument(text, { stringKeys: true, logLevel: 'error' });
  // By way of JSON, for what an alias shares must not stay shared here.
  const wanted = JSON.parse(JSON.stringify(document.toJS())) as Record<string, unknown>;
  for (const { path, value } of fields) {
    for (let depth = 1; depth < path.length; depth += 1) {
      const above = edited.getIn(path.slice(0, depth));
      if (above === null) edited.setIn(path.slice(0, depth), edited.createNode({}));
      else if (above !== undefined && !isMap(above)) return null;
    }
    edited.setIn(path, typeof value === 'object' ? edited.createNode(value) : value);
    put(wanted, path, value);
  }
  const written = edited.toString({ lineWidth: 0, indentSeq: !/^\w+:\n- /m.test(text) });
  return isDeepStrictEqual(parse(written), wanted) ? written : null;
}

function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key) ? (inner as Record<string, unknown>)[key] : undefined), value);
}

function put(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key = '', ...rest] = path;
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  const inner = (target[key] ?? {}) as Record<string, unknown>;
  target[key] = inner;
  put(inner, rest, value);
}
