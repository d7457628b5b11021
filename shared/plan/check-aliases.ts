import type { Document } from 'yaml';
import { isAlias, visit } from 'yaml';

import type { Diagnostic } from '../domain/diagnostic.ts';
import { quote } from './quote.ts';
import type { SourceMap } from './source-map.ts';

/** Enough for people; reading an alias costs a walk over the document. */
export const ALIASES_MAX = 100;

/** Aliases without an anchor before them, and too many of them. The same anchor may hold an alias of itself: that is no plan, but no danger. */
export function checkAliases(document: Document.Parsed, source: SourceMap): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  const anchors = new Set<string>();
  let count = 0;
  visit(document, {
    Node(_, node) {
      if (!isAlias(node)) {
        if (node.anchor !== undefined) anchors.add(node.anchor);
        return undefined;
      }
      count += 1;
      const offset = node.range?.[0] ?? 0;
      if (!anchors.has(node.source)) found.push(source.at(offset, '', 'bad-yaml', `names the anchor ${quote(node.source)}, which does not stand before it; write the value out`));
      if (count <= ALIASES_MAX) return undefined;
      found.push(source.at(offset, '', 'too-many-aliases', `is alias number ${count}; ${ALIASES_MAX} is the limit: write the values out`));
      return visit.BREAK;
    },
  });
  return found;
}
