import type { Document } from 'yaml';
import { isNode, visit } from 'yaml';

import type { Diagnostic } from '../domain/diagnostic.ts';
import { quote } from './quote.ts';
import type { SourceMap } from './source-map.ts';
import { keyText } from './source-map.ts';

/** Each key that stands twice in one mapping, at its second place. In one pass: the file may be hostile. */
export function findDuplicateKeys(document: Document.Parsed, source: SourceMap): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  visit(document, {
    Map(_, { items }) {
      const seen = new Map<string, number>();
      for (const { key } of items) {
        const text = keyText(key);
        const offset = isNode(key) ? (key.range?.[0] ?? 0) : 0;
        const first = seen.get(text);
        if (first === undefined) seen.set(text, offset);
        else found.push(source.at(offset, '', 'duplicate-key', `${quote(text)} stands here a second time, after line ${source.at(first, '', 'duplicate-key', '').line}; keep one of them`));
      }
    },
  });
  return found;
}
