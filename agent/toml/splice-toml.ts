import { isDeepStrictEqual } from 'node:util';

import { parseToml, type TomlFile } from './toml-file.ts';

/** A stretch of the text, and what stands there afterwards. */
export interface Splice {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

export type PlainTree = Record<string, unknown>;

/**
 * Replaces stretches of the text and leaves every other byte as it was. What comes out is read again.
 *
 * @param change what it is to do to the plain values
 * @returns null where it would change more than that, or less.
 */
export function spliceToml(file: TomlFile, splices: readonly Splice[], change: (tree: PlainTree) => void): TomlFile | null {
  const parsed = parseToml(applied(file.text, splices));
  if (!parsed.ok) return null;
  const wanted = structuredClone(file.tree) as PlainTree;
  change(wanted);
  return isDeepStrictEqual(parsed.file.tree, wanted) ? parsed.file : null;
}

export function applied(text: string, splices: readonly Splice[]): string {
  return splices.toSorted((a, b) => b.from - a.from).reduce((rest, { from, to, text: added }) => rest.slice(0, from) + added + rest.slice(to), text);
}
