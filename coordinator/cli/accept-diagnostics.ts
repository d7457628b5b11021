import type { Diagnostic } from '../../shared/domain/diagnostic.ts';
import { FILE_BYTES_MAX } from '../../shared/plan/read-yaml.ts';
import { parsePlan } from '../../shared/plan/parse-plan.ts';
import { parsePolicy } from '../../shared/plan/parse-policy.ts';
import type { CliContext } from './context.ts';
import { EXIT } from './exit-code.ts';
import { isError, printDiagnostics, type WrittenDiagnostic } from './print/print-diagnostics.ts';
import type { InputFile } from './read-input-file.ts';

/** A file that is too large is refused here: it would not even fit into a message. */
export function tooLarge({ yaml, file }: InputFile, kind: 'plan' | 'policy'): readonly Diagnostic[] {
  if (Buffer.byteLength(yaml) <= FILE_BYTES_MAX) return [];
  const parsed = kind === 'plan' ? parsePlan(yaml, file) : parsePolicy(yaml, file, 1);
  return parsed.ok ? [] : parsed.diagnostics;
}

/** What else is known of a file that is refused. */
interface Beside {
  readonly message: object;
  readonly lines: readonly string[];
}

/** Prints what is wrong with a file. @returns whether it can be used; where not, the exit code says so. */
export function acceptDiagnostics(context: CliContext, diagnostics: readonly WrittenDiagnostic[], beside: Beside = { message: {}, lines: [] }): boolean {
  const refused = diagnostics.some(isError);
  if (refused) {
    context.exitCode = EXIT.failed;
    context.show({ diagnostics, ...beside.message }, () => [...printDiagnostics(diagnostics), ...beside.lines]);
  } else if (!context.json) {
    for (const line of printDiagnostics(diagnostics)) context.io.err(line);
  }
  return !refused;
}
