import type { Outcome } from '../../../shared/domain/journal-record.ts';
import type { ProgramResult } from '../../ports/programs.ts';
import { type StepFailure, stepFailure } from '../../steps/step.ts';
import { commonFailure } from '../packages/common-failure.ts';

/** Makes a cause and a remedy of what apt or dpkg said. The first rule that fits names the code. */
export function classifyFailure(result: ProgramResult, otherwise: Outcome['code'], doing: string): StepFailure {
  const { code, stdout, stderr } = result;
  const text = `${stderr}\n${stdout}`;
  const common = commonFailure(result, doing);
  if (common !== null) return common;
  const unsigned = /^.*(?:is not signed|NO_PUBKEY|unauthenticated packages|signatures were invalid|could not be authenticated).*$/m.exec(text)?.[0];
  if (unsigned !== undefined) return stepFailure('not-allowed', `${doing}: ${unsigned.trim()}; give the source its key (signed-by), unauthenticated packages are not installed`);
  return stepFailure(otherwise, `${doing} failed (exit code ${code}): ${telling(text)}`, brokenPackage(text));
}

/** apt and dpkg say it last and most exactly in lines that begin so. */
function telling(text: string): string {
  const lines = text.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  // `dpkg: error processing package x (--configure):` says why in the line after it.
  const whole = lines.map((line, index) => (/^dpkg: error processing .*:$/.test(line) ? `${line} ${lines[index + 1] ?? ''}` : line));
  const errors = whole.filter((line) => /^(?:E:|dpkg: error|dpkg-deb: error|.* : Depends: )/.test(line) && !/Sub-process .* returned an error code/.test(line));
  return (errors.length > 0 ? errors.slice(0, 3) : lines.slice(-2)).join(' | ') || 'it said nothing';
}

function brokenPackage(text: string): string {
  return /dpkg: error processing (?:package|archive) (\S+)/.exec(text)?.[1]?.split('/').at(-1) ?? '';
}
