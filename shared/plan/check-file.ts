import type { z } from 'zod';

import type { Diagnostic } from '../domain/diagnostic.ts';
import { issuesToProblems } from './issues-to-problems.ts';
import type { Problem } from './problem.ts';
import { readYaml } from './read-yaml.ts';
import type { SourceMap } from './source-map.ts';

/** More would not be read; the first ones usually explain the rest. */
const DIAGNOSTICS_MAX = 100;

export type CheckedFile<T> =
  | { readonly ok: true; readonly value: T; readonly warnings: readonly Diagnostic[]; readonly source: SourceMap }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** Finds everything that is wrong with a file at once, in the order of its lines. */
export function checkFile<Schema extends z.ZodType>(text: string, file: string, schema: Schema, crossCheck: (raw: unknown) => readonly Problem[]): CheckedFile<z.output<Schema>> {
  const yaml = readYaml(text, file);
  if (!yaml.readable) return { ok: false, diagnostics: inOrder(yaml.diagnostics) };
  const { raw, source } = yaml;
  const parsed = schema.safeParse(raw, { reportInput: true });
  const problems = [...(parsed.success ? [] : issuesToProblems(parsed.error.issues)), ...crossCheck(raw)];
  const diagnostics = inOrder([...yaml.diagnostics, ...problems.map((problem) => source.diagnostic(problem))]);
  if (!parsed.success || diagnostics.some(({ severity }) => severity === 'error')) return { ok: false, diagnostics };
  return { ok: true, value: parsed.data, warnings: diagnostics, source };
}

function inOrder(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const sorted = diagnostics.toSorted((a, b) => a.line - b.line || a.column - b.column);
  const last = sorted[DIAGNOSTICS_MAX];
  if (last === undefined) return sorted;
  const message = `${sorted.length - DIAGNOSTICS_MAX} more problems from here on are not shown; mend those above first`;
  return [...sorted.slice(0, DIAGNOSTICS_MAX), { ...last, path: '', code: 'too-many', message, severity: 'error' }];
}
