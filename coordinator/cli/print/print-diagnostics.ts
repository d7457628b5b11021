import type { Diagnostic } from '../../../shared/domain/diagnostic.ts';
import { formatDiagnostic } from '../../../shared/plan/format-diagnostic.ts';
import { plainText } from './plain-text.ts';

/** One line each, as compilers write them, and how many there were. */
export function printDiagnostics(diagnostics: readonly WrittenDiagnostic[]): readonly string[] {
  const errors = diagnostics.filter(isError).length;
  const warnings = diagnostics.length - errors;
  const counts = [...(errors > 0 ? [count(errors, 'mistake')] : []), ...(warnings > 0 ? [count(warnings, 'warning')] : [])];
  return [...diagnostics.map((diagnostic) => plainText(formatDiagnostic({ ...diagnostic, severity: isError(diagnostic) ? 'error' : 'warning' }))), ...(counts.length === 0 ? [] : [counts.join(', ')])];
}

/** As it travels: an unknown severity counts as an error. */
export type WrittenDiagnostic = Omit<Diagnostic, 'severity'> & { readonly severity: string };

export function isError({ severity }: WrittenDiagnostic): boolean {
  return severity !== 'warning';
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
