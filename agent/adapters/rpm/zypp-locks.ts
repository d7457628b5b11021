import { globOf } from './glob.ts';

/** /etc/zypp/locks: paragraphs of `field: value`, of which these are what `zypper addlock` writes for a name. */
const FIELDS = ['type: package', 'match_type: glob', 'case_sensitive: on'];

export function isLocked(locks: string, name: string): boolean {
  return paragraphs(locks).some((paragraph) => names(paragraph, name));
}

/** Idempotent. */
export function lock(locks: string, name: string): string {
  return isLocked(locks, name) ? locks : `${locks.trimEnd()}\n\n${[...FIELDS, `solvable_name: ${name}`].join('\n')}\n\n`;
}

/** Idempotent. A lock by a pattern of names is its owner's alone: it stays as it is. */
export function unlock(locks: string, name: string): string {
  const own = (paragraph: string): boolean => paragraph.split('\n').includes(`solvable_name: ${name}`);
  if (!paragraphs(locks).some(own)) return locks;
  return `\n${paragraphs(locks).filter((paragraph) => !own(paragraph)).map((paragraph) => `${paragraph}\n\n`).join('')}`;
}

function paragraphs(locks: string): readonly string[] {
  return locks.split(/\n{2,}/).map((paragraph) => paragraph.trim()).filter((paragraph) => paragraph !== '');
}

function names(paragraph: string, name: string): boolean {
  const pattern = /^solvable_name: (.+)$/m.exec(paragraph)?.[1];
  const type = /^type: (.+)$/m.exec(paragraph)?.[1] ?? 'package';
  return pattern !== undefined && type === 'package' && globOf(pattern).test(name);
}
