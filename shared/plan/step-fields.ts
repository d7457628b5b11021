import { PACKAGE_NAME_PATTERN, PACKAGE_VERSION_PATTERN, PACKAGES_MAX } from '../domain/step-limits.ts';
import type { PackageVersion } from '../domain/step-spec.ts';
import type { Complaints } from './field.ts';
import { field } from './field.ts';
import type { ProblemCode } from './problem.ts';
import { quote } from './quote.ts';
import { expected } from './section.ts';

const INSTALL = 'a mapping of package names to exact versions';
const VERSION = 'the exact version, as `apt-cache policy` or `rpm --query` print it';

/**
 * `install: { containerd: 1.7.24~ds1-6+b4 }`. Sorted by name: the order of keys is nobody's intent, and equal targets
 * have to have equal digests.
 */
export function installs() {
  return field((input, complaints): readonly PackageVersion[] => {
    if (input === undefined) return complaints.stop('missing', expected(input, INSTALL));
    if (typeof input !== 'object' || input === null || Array.isArray(input)) return complaints.stop('wrong-type', expected(input, INSTALL));
    const entries = Object.entries(input);
    if (entries.length === 0) complaints.stop('empty', 'names no package; name at least one with its exact version');
    if (entries.length > PACKAGES_MAX) complaints.stop('too-many', `names ${entries.length} packages; ${PACKAGES_MAX} is the limit`);
    for (const [name, version] of entries) check(name, version, complaints);
    return entries.map(([name, version]) => ({ name, version: String(version) })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  });
}

function check(name: string, version: unknown, { note }: Complaints): void {
  if (/[*?[\]]/.test(name)) note([name], 'not-exact', `${quote(name)} is a pattern; name each package by itself, so that everybody can read what will be installed`, 'key');
  else if (!PACKAGE_NAME_PATTERN.test(name)) note([name], 'bad-name', `${quote(name)} is no package name; a name has letters, digits, "+", "-", "." and "_"`, 'key');
  const wrong = versionProblem(version);
  if (wrong !== null) note([name], ...wrong);
}

/** `version: 1.2.3`. */
export const exactVersion = field((input, { stop }): string => {
  if (input === undefined) return stop('missing', expected(input, VERSION));
  const wrong = versionProblem(input);
  return wrong === null ? String(input) : stop(...wrong);
});

function versionProblem(version: unknown): readonly [ProblemCode, string] | null {
  if (typeof version === 'number') return ['wrong-type', `is read as the number ${version}; put the version in quotes`];
  if (typeof version !== 'string' || version === '') return [version === null || version === '' ? 'empty' : 'wrong-type', `is ${version === '' ? 'empty' : quote(version)}; it has to be ${VERSION}`];
  if (PACKAGE_VERSION_PATTERN.test(version)) return null;
  return ['not-exact', `is ${quote(version)}, which is no exact version${why(version)}; write ${VERSION}`];
}

function why(version: string): string {
  if (/^(latest|stable|newest|any)$/i.test(version)) return ' and would mean another thing tomorrow';
  if (/[*?]/.test(version)) return ' but a pattern';
  if (/^[<>=^!~]/.test(version)) return ' but a range';
  return '';
}
