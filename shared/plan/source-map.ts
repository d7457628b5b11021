import type { Document, Node } from 'yaml';
import { isAlias, isMap, isNode, isScalar, isSeq } from 'yaml';

import type { Diagnostic } from '../domain/diagnostic.ts';
import { lineStarts, placeOf } from './line-starts.ts';
import type { Problem, ProblemCode, PropertyPath } from './problem.ts';
import { formatPath } from './property-path.ts';

/** Knows where in the file each value stands. */
export class SourceMap {
  readonly #document: Document.Parsed;
  readonly #lines: readonly number[];
  readonly #file: string;

  constructor(document: Document.Parsed, text: string, file: string) {
    this.#document = document;
    this.#lines = lineStarts(text);
    this.#file = file;
  }

  diagnostic({ path, at, code, message, severity }: Problem): Diagnostic {
    return { ...this.at(this.#offsetOf(path, at), formatPath(path), code, message), severity };
  }

  /** `offset` counts UTF-16 units from the start of the text. */
  at(offset: number, path: string, code: ProblemCode, message: string): Diagnostic {
    return { file: this.#file, ...placeOf(this.#lines, offset), path, code, message, severity: 'error' };
  }

  /** Of the value; of its key where the value is empty; of the nearest key above where nothing stands there. */
  #offsetOf(path: PropertyPath, at: Problem['at']): number {
    let node: unknown = this.#document.contents;
    let offset = startOf(node) ?? 0;
    for (const [index, part] of path.entries()) {
      const { key, value } = childOf(this.#resolve(node), part);
      if (key === undefined && value === undefined) return offset;
      const last = index === path.length - 1;
      const pointed = (last && at === 'key') || isEmpty(value) || !last ? (key ?? value) : value;
      offset = startOf(pointed) ?? offset;
      node = value;
    }
    return offset;
  }

  #resolve(node: unknown): unknown {
    return isAlias(node) ? node.resolve(this.#document) : node;
  }
}

interface Child {
  readonly key: Node | undefined;
  readonly value: Node | undefined;
}

function childOf(node: unknown, part: string | number): Child {
  if (isSeq(node)) return { key: undefined, value: asNode(node.items[Number(part)]) };
  if (!isMap(node)) return { key: undefined, value: undefined };
  // Of duplicated keys the last one is what the plain data holds.
  const pair = node.items.findLast(({ key }) => keyText(key) === String(part));
  return { key: asNode(pair?.key), value: asNode(pair?.value) };
}

export function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key);
}

function isEmpty(node: Node | undefined): boolean {
  return node === undefined || (isScalar(node) && node.value === null && (node.source ?? '') === '');
}

function asNode(value: unknown): Node | undefined {
  return isNode(value) ? value : undefined;
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}
