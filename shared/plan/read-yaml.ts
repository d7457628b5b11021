import type { Document } from 'yaml';
import { parseDocument } from 'yaml';

import type { Diagnostic } from '../domain/diagnostic.ts';
import { ALIASES_MAX, checkAliases } from './check-aliases.ts';
import { findDuplicateKeys } from './duplicate-keys.ts';
import type { ProblemCode } from './problem.ts';
import { quote } from './quote.ts';
import { SourceMap } from './source-map.ts';

export const FILE_BYTES_MAX = 1024 * 1024;

export type YamlFile = { readonly source: SourceMap; readonly diagnostics: readonly Diagnostic[] } & (
  | { readonly readable: true; readonly raw: unknown }
  | { readonly readable: false }
);

/** Reads one document into plain data. Duplicated keys are reported and the rest stays readable; broken syntax does not. */
export function readYaml(text: string, file: string): YamlFile {
  const bytes = Buffer.byteLength(text);
  if (bytes > FILE_BYTES_MAX) {
    const source = new SourceMap(parseDocument(''), '', file);
    const message = `the file has ${bytes} bytes; the limit is 1 MiB (${FILE_BYTES_MAX} bytes): split it, or take out what was generated`;
    return { readable: false, source, diagnostics: [source.at(0, '', 'too-large', message)] };
  }
  // The library compares every key with every other; findDuplicateKeys does it in one pass and knows both places.
  // Keys that are collections can take it minutes to read: with stringKeys they are errors.
  const document = parseDocument(text, { uniqueKeys: false, prettyErrors: false, stringKeys: true, logLevel: 'error' });
  const source = new SourceMap(document, text, file);
  const errors = syntaxErrors(document, source);
  if (errors.length > 0) return { readable: false, source, diagnostics: errors };
  if (document.contents === null) return { readable: false, source, diagnostics: [source.at(0, '', 'empty', 'the file is empty')] };
  const aliases = checkAliases(document, source);
  if (aliases.length > 0) return { readable: false, source, diagnostics: aliases };
  return toPlain(document, source);
}

function toPlain(document: Document.Parsed, source: SourceMap): YamlFile {
  try {
    return { readable: true, raw: document.toJS({ maxAliasCount: ALIASES_MAX }), source, diagnostics: findDuplicateKeys(document, source) };
  } catch (cause) {
    // The library's own guard against aliases of aliases of aliases.
    if (!(cause instanceof ReferenceError)) throw cause;
    return { readable: false, source, diagnostics: [source.at(0, '', 'too-many-aliases', 'aliases of aliases grow without bound in this file; write the values out')] };
  }
}

/** After one of these the values are guesses: nothing further is checked, so that nobody is sent after a ghost. */
function syntaxErrors(document: Document.Parsed, source: SourceMap): readonly Diagnostic[] {
  const worded = document.errors.map((error) => {
    const [code, message] = word(error.code, error.message);
    return source.at(error.pos[0], '', code, message);
  });
  const deep = worded.find(({ code }) => code === 'too-deep');
  const tags = document.warnings.map((warning) => source.at(warning.pos[0], '', 'bad-yaml', `${lowerFirst(warning.message)}; plans need no tags: take it out`));
  return deep === undefined ? [...worded, ...tags] : [deep];
}

function word(code: string, message: string): readonly [ProblemCode, string] {
  switch (code) {
    case 'TAB_AS_INDENT':
      return ['tab', 'a tab stands in the indentation, where YAML allows spaces only; replace it by spaces'];
    case 'MULTIPLE_DOCS':
      return ['several-documents', 'a second document begins here (`---`); put each plan into a file of its own'];
    case 'RESOURCE_EXHAUSTION':
      return ['too-deep', 'the values are nested too deeply here; no plan or policy needs that'];
    case 'NON_STRING_KEY':
      return ['bad-yaml', 'a key is a list or a mapping here; write a plain word, and quote a value that begins with { or ['];
    case 'BLOCK_AS_IMPLICIT_KEY':
      return ['bad-yaml', 'a second `key: value` stands on this line; put it on a line of its own, or quote a value that holds ": "'];
    default:
      return ['bad-yaml', `the YAML cannot be read here: ${quote(message, 200).slice(1, -1)}; check indentation, quotes and brackets`];
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
