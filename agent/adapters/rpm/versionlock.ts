import { globOf } from './glob.ts';
import type { InstalledRpm } from './rpm-query.ts';

/**
 * The list of dnf's plugin versionlock: a pattern a line, `kubelet-0:1.33.6-150500.1.1.*` as its `add` writes it; a line with
 * `!` excludes, one with `#` is a comment. A lock says in which version a package stays, so it moves along with the
 * package; what it was before is kept in a comment above it, and comes back when the version does.
 */
const WAS = '# farrier: was ';

/** Name with epoch, version and release, else without a release; the name alone locks nothing. */
const PATTERNS = [/^([^!#].*)-((?:\d+:)?[\d*?[][^-]*-[^-]+)$/, /^([^!#].*)-((?:\d+:)?[\d*?[][^-]*)$/];

/** A pattern may end with one. */
const ARCHITECTURES = ['', '.noarch', '.x86_64', '.aarch64'];

export function isLocked(list: string, name: string): boolean {
  return list.split('\n').some((line) => globOf(nameIn(line)).test(name));
}

/** Idempotent. A lock by a pattern of names is its owner's alone: it stays as it is. */
export function lockAt(list: string, { name, version }: InstalledRpm): string {
  const found = asFound(list, name);
  // What was there before Farrier comes first, then what somebody wrote since.
  for (const one of [found, list]) if (one.split('\n').some((line) => fits(line, { name, version }))) return one;
  const lock = `${name}-${version.includes(':') ? '' : '0:'}${version}.*`;
  const lines = found.split('\n');
  const at = lines.findIndex((line) => nameIn(line) === name);
  if (at === -1) return isLocked(list, name) ? list : `${list}${list === '' || list.endsWith('\n') ? '' : '\n'}${lock}\n`;
  return lines.toSpliced(at, 1, `${WAS}${lines[at] ?? ''}`, lock).join('\n');
}

/** With the lock that Farrier moved along as it was. */
function asFound(list: string, name: string): string {
  const lines = list.split('\n');
  const at = lines.findIndex((line, index) => line.startsWith(WAS) && nameIn(line.slice(WAS.length)) === name && nameIn(lines[index + 1] ?? '') === name);
  return at === -1 ? list : lines.toSpliced(at, 2, (lines[at] ?? '').slice(WAS.length)).join('\n');
}

/** Idempotent. */
export function unlock(list: string, name: string): string {
  return list.split('\n').filter((line) => nameIn(line) !== name).join('\n');
}

function nameIn(line: string): string {
  for (const pattern of PATTERNS) {
    const found = pattern.exec(line.trim())?.[1];
    if (found !== undefined) return found;
  }
  return '';
}

/** Of this very package, in this version. */
function fits(line: string, { name, version }: InstalledRpm): boolean {
  if (nameIn(line) !== name) return false;
  const pattern = line.trim().slice(name.length + 1);
  const upstream = version.slice(0, version.lastIndexOf('-'));
  const spellings = [upstream, ...ARCHITECTURES.map((architecture) => version + architecture)];
  return spellings.some((one) => globOf(pattern).test(one) || globOf(pattern).test(`0:${one}`));
}
