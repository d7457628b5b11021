import type { Outcome } from '../../../shared/domain/journal-record.ts';
import type { ProgramResult } from '../../ports/programs.ts';
import { type StepFailure, stepFailure } from '../../steps/step.ts';
import { commonFailure } from '../packages/common-failure.ts';

/** rpm goes on after a script that failed once the files are there, and says so in a warning alone. */
const SCRIPT_FAILED = /^(?:error|warning): %\w+\((\S+)-[^-\s]+-[^-\s]+\) scriptlet failed.*$/m;

/** Did rpm do all of it, its packages' scripts too? */
export function didAll({ code, stderr }: ProgramResult): boolean {
  return code === 0 && !SCRIPT_FAILED.test(stderr);
}

/** Makes a cause and a remedy of what rpm, dnf or zypper said. The first rule that fits names the code. */
export function classifyFailure(result: ProgramResult, otherwise: Outcome['code'], doing: string): StepFailure {
  const { code, stdout, stderr } = result;
  const text = `${stderr}\n${stdout}`;
  const common = commonFailure(result, doing);
  if (common !== null) return common;
  const unsigned = /^.*(?:is not signed|is unsigned|GPG check FAILED|do not have any GPG public keys|Signature verification failed|public key is not installed|NOKEY|does not verify).*$/im.exec(text)?.[0];
  if (unsigned !== undefined) return stepFailure('not-allowed', `${doing}: ${unsigned.trim()}; give the source its key (gpgkey=file:///...), unauthenticated packages are not installed`);
  const damaged = /^.*(?:rpmdb open failed|rpmdb: .*BDB\d+|database disk image is malformed|cannot open Packages).*$/im.exec(text)?.[0];
  if (damaged !== undefined) return stepFailure('package-system-broken', `${doing}: ${damaged.trim()}; run rpm --rebuilddb`);
  return stepFailure(otherwise, `${doing} failed (exit code ${code}): ${telling(text)}`, SCRIPT_FAILED.exec(stderr)?.[1] ?? '');
}

/** rpm, dnf and zypper say why in lines that begin so, dnf and rpm also in indented lines below them. */
function telling(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const first = lines.findIndex((line) => /^(?:error:|Error:|warning: %|Problem:|No provider of)|^\[.*\|.*\]/.test(line));
  const why = first === -1 ? lines.slice(-2) : lines.slice(first).filter((line, index) => index === 0 || /^\s+\S|^(?:error|Error|warning: %|Problem)/.test(line)).slice(0, 4);
  return why.map((line) => line.trim()).join(' | ') || 'it said nothing';
}
