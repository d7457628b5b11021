import type { Diagnostic } from '../domain/diagnostic.ts';

/** `fleet.yaml:3:19 spec.maxUnavailable: is 0; it has to be ...`: the place first, so that editors can jump to it. */
export function formatDiagnostic({ file, line, column, path, message, severity }: Diagnostic): string {
  const what = [...(severity === 'warning' ? ['warning'] : []), ...(path === '' ? [] : [path])];
  return `${file}:${line}:${column}${what.length === 0 ? '' : ` ${what.join(' ')}`}: ${message}`;
}
